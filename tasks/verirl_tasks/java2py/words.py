"""Words that names are made of."""

VERBS = """
    apply assess audit build check choose collect compute decide derive detect encode estimate evaluate examine
    extract fetch figure filter find fold form gather inspect judge label list locate look map mark measure merge
    note obtain pack parse pick plan prepare probe process produce rate read reduce report resolve scan select
    settle shape show sort spell split stage survey tell trace translate trim unfold update verify view weigh work
    write
""".split()  # noqa: SIM905

ADJECTIVES = """
    actual basic blue bright broad central chosen clean clear close common current deep direct early even exact
    extra fair fast final fine fixed fresh full given gray green heavy inner joint kept large last late left light
    local long low main major minor mixed near new next normal odd old open outer plain primary prior quick quiet
    rare raw ready recent red rich rough round safe second sharp short simple single small smooth solid spare stable
    steady strict tall tight total usual valid vast warm wide
""".split()  # noqa: SIM905

NOUNS = """
    account amount answer area badge bag band barrel basket batch beam bench bill block board book bottle box branch
    bridge bucket bus button cabin cable card cargo case cell chain chart city client clock coin column contract
    corner course crate crew crop deck depot desk detail device dish door draft drawer drum engine entry event farm
    feed ferry field fleet flight floor forest frame freight garden gate gauge girder grain group guest harbor hill
    house island job journey lamp lane layer leaf letter lever line load lot machine mail map market meal member
    mine mirror motor note office orchard order panel parcel part path payment phase piece pipe place plan plant
    point pool port price pump queue rack rail ramp range record relay ring river road roof room rope route row sack
    sample screen seat sector sensor shelf ship shop signal slot source stage stall station step stone store stream
    street supply switch table tank task team ticket tile token tower track trade trail train tray truck trunk tube
    tunnel valve van vessel visit wagon wall ware water wheel window wing wire work yard zone
""".split()  # noqa: SIM905

SHORT = "a b c d e f g h i j k m n p q r s t u v w x y z".split()  # noqa: SIM905
