"""The command line: httpd's own flags, the -k verbs, and `fastlb demo`."""
