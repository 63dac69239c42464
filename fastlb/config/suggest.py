"""Did you mean: the known word nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word with the fewest typing mistakes to `word`, or None.

    Case does not count. At most one mistake for each three letters is forgiven, and
    never more than three. Of equally near words the first in `known` wins.
    """
    wanted = word.lower()
    limit = min(3, max(1, len(wanted) // 3))
    best: str | None = None
    for candidate in known:
        mistakes = distance(wanted, candidate.lower(), limit)
        if mistakes <= limit:
            best, limit = candidate, mistakes - 1
            if limit < 0:
                break
    return best


def only_nearest(word: str, known: Iterable[str]) -> str | None:
    """The nearest word, or None where another one is as near."""
    words = list(known)
    best = nearest(word, words)
    if best is None:
        return None
    others = [one for one in words if one.lower() != best.lower()]
    second = nearest(word, others)
    mistakes = distance(word.lower(), best.lower(), len(best))
    if second and distance(word.lower(), second.lower(), mistakes) <= mistakes:
        return None
    return best


def distance(left: str, right: str, limit: int) -> int:
    """Letters to insert, delete, change or swap with the neighbour (Damerau's count).

    Gives limit + 1 as soon as it is clear that there are more than limit.
    """
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, char in enumerate(left, 1):
        this = [row]
        for column, other in enumerate(right, 1):
            cost = min(
                last[column] + 1,
                this[column - 1] + 1,
                last[column - 1] + (char != other),
            )
            swapped = row > 1 and column > 1 and char == right[column - 2]
            if swapped and left[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            this.append(cost)
        if min(this) > limit:
            return limit + 1
        before_last, last = last, this
    return min(last[-1], limit + 1)
