"""A worker: one forked process that serves traffic. The border is a folder."""
