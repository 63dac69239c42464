"""What is wrong with an expression; known without the grammar and its large tools."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that httpd refuses; the text is its sentence.

    at: offset in the expression; cure: what to write instead
    """

    def __init__(self, text: str, at: int, cure: str = "") -> None:
        super().__init__(text)
        self.at = at
        self.cure = cure
