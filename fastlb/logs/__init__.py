"""Logs: opened by the master with its rights, written by everyone below it.

`files` opens what the configuration names, `piped` keeps log programs alive, `error`
writes Apache's error-log lines. Access-log lines are made and written by the core.
"""
