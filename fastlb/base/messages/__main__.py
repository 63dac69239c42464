"""Print docs/messages.md."""

from fastlb.base.messages import document

print(document(), end="")
