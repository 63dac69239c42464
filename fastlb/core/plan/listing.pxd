# A listing of a directory while it is made (flow/listing.pyx). It lies in the arena of
# the exchange, and so does all that it points to and the plan does not hold.
#
# uses: ground/text, io/writer, plan/listing_plan

cdef struct listed_name:
    value name                  # a directory's ends with a slash
    const text *icon            # NULL: none
    const text *alt
    const text *about
    long long size              # -1: not shown
    long long modified_us       # -1: not shown
    flag comes_first            # FoldersFirst

cdef enum:
    LISTING_READS = 0
    LISTING_SORTS = 1
    LISTING_BEGINS_PAGE = 2
    LISTING_WRITES = 3

# How far names are sorted: two runs of them at a time become one.
cdef struct listing_merge:
    int run                     # names of one, in order; 0: it has not begun
    int left                    # the next one of the first
    int middle                  # ... where that ends
    int right                   # the next one of the second
    int end
    int out                     # so many of this round are done

cdef struct listing:
    unsigned char stage         # LISTING_*
    int directory               # -1: it is read, or not open yet
    # what is said of it, the outermost first
    int said_count
    const plan_listing *said[CONFS_MAX]
    # ... by all together, and by the query
    unsigned int options        # LISTING_*
    char key                    # N, M, S or D
    char order                  # A or D
    value query                 # for links to other orders, as an attribute has it
    value pattern               # P=; length 0: none
    const text *header
    const text *readme
    const text *default_icon
    const text *style_sheet
    const text *head_insert
    const text *content_type
    const text *charset
    bint old_dates
    int icon_width
    int icon_height
    listing_width name_width
    listing_width about_width
    # where it lies: both end with a slash, and have room for a name behind it
    char *path                  # in the URL
    unsigned int path_length
    char *folder                # in the file system
    unsigned int folder_length
    unsigned char folder_options    # FILES_*
    # what is kept of the request while names are looked at
    char *kept
    # what is there
    char *batch                 # of names, as the kernel gives them
    unsigned int batch_at
    unsigned int batch_end
    int looked_at
    long long regex_us          # of matches for its names
    bint is_cut                 # there is more
    long long held              # bytes, of LISTING_BYTES_MAX
    bint has_parent
    listed_name parent
    int count
    int room
    listed_name **names
    listed_name **merged        # room for as many
    listing_merge merge
    # the page
    int page                    # a file in memory; -1: none yet
    int next                    # of the names
    long long page_bytes
    char *piece                 # of it
    writer w
