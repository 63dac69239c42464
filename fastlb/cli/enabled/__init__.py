"""`fastlb ensite`, `dissite`, `enmod`, `dismod`, `enconf`, `disconf` and `query`.

What a2enmod and its kin do in Debian's layout: `sites-available` holds what there is,
`sites-enabled` a link for each that is read; likewise mods and conf.

    layout.py    where they lie, what is there, what a file says it depends on
    switch.py    one of them on or off, and how that is taken back
    command.py   the words; the configuration is checked, and what it refuses undone
    query.py     what is enabled
"""
