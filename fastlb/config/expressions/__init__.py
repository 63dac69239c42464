"""Apache's expression language (ap_expr, httpd 2.4): text in, a tree out.

    scanner.py   text -> terminals; the language has five modes of its own
    grammar.py   terminals -> nodes, by an LALR parser (Lark)
    nodes.py     what a tree is made of

Why Lark: the grammar stands in the source as a grammar, its LALR(1) tables are checked
for conflicts when they are made, it is plain Python without dependencies, and it has
been kept for years. PLY and SLY, which have lexer modes of their own, are no longer
released; parsers that backtrack (pyparsing, parsy, TatSu) take what they can match and
cannot say which terminals could have followed. The scanner is written by hand because
blanks count in some modes and not in others, which no list of terminals can say.
"""
