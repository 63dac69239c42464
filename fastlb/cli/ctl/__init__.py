"""`fastlb ctl`: look at members and change them while the server runs."""
