# What sections say of listings of directories (facts/listing.py), as a part of the
# plan.
#

# Words of IndexOptions, with the numbers that they have there.
cdef enum:
    LISTING_NONE = 1
    LISTING_ICONS_ARE_LINKS = 2
    LISTING_NO_ICON = 4
    LISTING_NO_DATE = 8
    LISTING_NO_SIZE = 16
    LISTING_NO_ABOUT = 32
    LISTING_NO_PREAMBLE = 64
    LISTING_NO_SORTING = 128
    LISTING_NO_RULES = 256
    LISTING_FOLDERS_FIRST = 512
    LISTING_VERSION_SORT = 1024
    LISTING_TRACKS = 2048
    LISTING_FANCY = 4096
    LISTING_TABLE = 8192
    LISTING_IGNORES_CLIENT = 16384
    LISTING_IGNORES_CASE = 32768
    LISTING_XHTML = 65536
    LISTING_SHOWS_FORBIDDEN = 131072
    LISTING_ALT_CLASS = 262144

cdef enum:
    LISTED_BY_PATH = 0
    LISTED_BY_TYPE = 1
    LISTED_BY_ENCODING = 2

# AddIcon, AddAlt and their kin.
cdef struct listed_item:
    unsigned char kind          # LISTED_BY_*
    text within                 # pattern of the whole path
    text pattern                # length 0: all
    text said

# AddDescription.
cdef struct listed_about:
    text pattern
    bint is_glob                # of fnmatch; else a text that the name holds
    bint of_whole_path
    text said

cdef struct listed_ignored:
    text within
    text pattern                # of the last part

cdef struct listed_items:
    int count
    listed_item *items

cdef struct listing_width:
    bint is_said
    int characters
    bint adjusts

cdef struct plan_listing:
    bint says_options
    unsigned int options
    unsigned int plus
    unsigned int minus
    listed_items icons
    listed_items alts
    int about_count
    listed_about *abouts
    int ignored_count
    listed_ignored *ignored
    bint is_reset               # IndexIgnoreReset
    text header                 # of this and its like: data NULL: not said
    text readme
    text default_icon
    text style_sheet
    text head_insert
    text content_type
    text charset
    bint old_dates
    int icon_width              # 0: not said
    int icon_height
    listing_width name_width
    listing_width about_width
    char sort_key               # 0: not said
    char sort_order
