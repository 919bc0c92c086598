"""The same sixty searches, and many random ones, find the same tickets on SQLite and on PostgreSQL."""

import random
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from models import Contact, Ticket, open_ticket, session
from models.base import is_sqlite
from models.candidates import Candidates
from models.filters import Filters, Scope
from models.listing import page_of
from models.search import Search, matching
from models.words import _folded, beginnings, excerpt, finder, terms_of, words

# Each ticket by a letter: subject, first message, and what colleagues alone read.
CORPUS = {
    "a": ("L'imprimante ne répond plus", "Depuis ce matin, elle est hors ligne. J’ai redémarré l’ordinateur.", ""),
    "b": (
        "Imprimantes du 2e étage",
        "Les deux imprimantes font un bourrage papier aujourd'hui.",
        "Client très énervé.",
    ),
    "c": ("Invoice 2026-118 is wrong", "The total says 1,200.50 € instead of 120 €. See invoice_2026-118.pdf", ""),
    "d": ("Printers out of toner", "All three printers are out of toner and not printing.", "Ask Müller GmbH."),
    "e": ("Printer", "Out! Of! Toner! AND nobody knows why; OR is it the driver's fault?", ""),
    "f": ("Straße gesperrt", "Die Lieferung für Herrn Çelik kommt nicht an.", ""),
    "g": ("プリンターが動きません", "助けてください 🔥🔥", ""),
    "h": ("C++ & <script>alert(1)</script>", "'); DROP TABLE tickets; -- 50% \\ off_season NEAR(x) a:b ^c", ""),
    "i": ("Écran noir, œuvre d'art", "L'écran clignote. Les batteries sont vides, le journal est plein. À bientôt", ""),
    "j": ("Cafe closed", "The café’s battery and both journaux. Naïve co-operation, e-mail and email.", ""),
    "k": ("x" * 100, "lorem " * 1600 + "needle in the hay", "grumpy " * 20),
    "l": ("RE: RE: Order #4711 (4711-B)", "Ordered twice 😀 by jean-luc.o'neil+shop@sub.example.org", ""),
}
SEARCHES = {
    # words, whole, in either number, whatever their case and accents
    "imprimante": "ab", "IMPRIMANTES": "ab", "printer": "de", "Printers": "de", "print": "", "repond": "a",
    "RÉPOND": "a", "re\u0301pond": "a", "hors ligne": "a", "ligne hors": "a", "invoice wrong": "c", "wrong toner": "",
    "cafe": "j", "CAFÉ": "j", "naive": "j", "ecran": "i", "oeuvre": "", "œuvre": "i", "battery": "ij",
    "batteries": "ij", "journal": "ij", "journaux": "ij", "strasse": "f", "STRASSE": "f", "straße": "f",
    "celik": "f", "muller": "d", "プリンターが動きません": "g",
    # elisions and apostrophes of any kind
    "l'imprimante": "ab", "l’imprimante": "ab", "d'art": "i", "driver's": "e", "aujourd’hui": "b", "l'": "ai",
    "j'ai": "a",
    # what is written together
    "2026-118": "c", "118-2026": "", "1,200.50": "c", "invoice_2026-118.pdf": "c", "e-mail": "j", "email": "j",
    "co-operation": "j", "off_season": "h", "jean-luc.o'neil+shop@sub.example.org": "l", "sub.example.org": "l",
    "example.sub": "", "carla@client.example": "abcdefghijkl", "carla conti": "abcdefghijkl", "#4711": "l",
    "4711-b": "l",
    # phrases
    '"hors ligne"': "a", '"ligne hors"': "", '"out of toner"': "de", '"out toner"': "", '"printer"': "e",
    '"printers" "of toner"': "d", 'toner "out of"': "de", '"hors': "a", '""': "", '"': "", '"🔥"': "",
    '"needle in the hay"': "k", '"out of ton*"': "de",
    # beginnings
    "print*": "de", "impri*": "ab", "IMPRI* bour*": "b", "éta*": "b", "*": "", "p*": "", "pr*": "de", "*printer": "de",
    "2026*": "c", "2026-11*": "c", "2026-1*": "", "プリン*": "g", "zzz*": "",
    # words that mean something to others
    "AND": "dej", "toner AND": "de", "OR": "e", "NOT": "d", "printer NOT toner": "d", "NEAR(x)": "h", "a:b": "h",
    "^c": "h",
    "-toner": "de", "+toner": "de", "(toner)": "de", "toner|": "de", "&toner&": "de", "!toner": "de", "toner:*": "de",
    "<script>": "h", "'); DROP TABLE tickets; --": "h", "50%": "ch", "\\": "", "%": "", "_": "", "'": "", ":*": "",
    # nothing, too much, and what is no text
    "": "", "   ": "", "🔥": "", "😀 ordered": "l", "\x00": "", "toner\x00": "de", "x" * 100: "k", "x" * 10_000: "k",
    "lorem needle": "k", "needle " * 2000: "k", "toner toner toner": "de",
}  # fmt: skip


@pytest.fixture
def corpus(team, carla, agnes):
    tickets = {}
    for name, (subject, body, note) in CORPUS.items():
        tickets[name] = open_ticket(team, carla, subject, body)
        if note:
            tickets[name].reply(agnes.contact, note, internal=True)
    session.commit()
    return tickets


def found(corpus, condition) -> str:
    names = {ticket.id: name for name, ticket in corpus.items()}
    return "".join(sorted(names[id] for id in session.scalars(select(Ticket.id).where(condition))))


def test_sixty_searches_and_more_find_the_same_on_both_databases(corpus):
    for internal in (True, False):
        names = {**SEARCHES, "muller": "d" if internal else ""}
        results = {search: found(corpus, matching(Ticket.id, search, internal)) for search in SEARCHES}
        assert {s: r for s, r in results.items() if r != names[s]} == {}
    assert len(SEARCHES) >= 60


def test_looking_at_each_ticket_finds_what_the_index_finds(corpus):
    ids = [ticket.id for ticket in corpus.values()]
    for search in SEARCHES:
        asked = Search(terms_of(search), internal=True)
        if asked.terms:
            indexed = set(session.scalars(select(Ticket.id).where(asked.condition(Ticket.id))))
            assert asked.among(ids) == [id for id in ids if id in indexed], search


def test_random_searches_find_what_reading_every_ticket_finds(corpus):
    """The reference: read all of a ticket's text and look for each term in it."""
    texts = {
        name: f"{subject} Carla Conti carla@client.example {corpus[name].id} {body} {note}"
        for name, (subject, body, note) in CORPUS.items()
    }
    pool = [word for text in texts.values() for word in text.split()[:60]] + ['"', "*", '" "', "AND", "l'", "s"]
    dice = random.Random(4)
    for _ in range(150):
        search = " ".join(dice.choices(pool, k=dice.randint(1, 3)))
        if dice.random() < 0.4:
            search = f'"{search}"' if dice.random() < 0.5 else f"{search}*"
        terms = terms_of(search)
        hits = (
            name for name, text in texts.items()
            if terms and all(any(hit for _, hit in finder((term,)).marked(text)) for term in terms)
        )  # fmt: skip
        assert found(corpus, matching(Ticket.id, search, internal=True)) == "".join(sorted(hits)), search


def test_notes_are_found_by_colleagues_alone(corpus):
    """R-VIS-9."""
    assert found(corpus, matching(Ticket.id, "grumpy", internal=True)) == "k"
    for search in ("grumpy", "grump*", '"grumpy grumpy"', "énervé", "GmbH"):
        assert found(corpus, matching(Ticket.id, search, internal=False)) == ""
        public = Search(terms_of(search), internal=False)
        assert public.among([ticket.id for ticket in corpus.values()]) == []


def test_a_search_can_be_loosened_to_beginnings(corpus):
    terms = beginnings(terms_of('impri "hors ligne"'))

    assert found(corpus, Search(terms, internal=True).condition(Ticket.id)) == "a"
    assert [str(term) for term in terms] == ["impri*", '"hors ligne"']


@pytest.fixture
def many(team):
    """Four hundred tickets that have "common", one of them has "rare"."""
    other = Contact(email="other@client.example", name="Nobody")
    session.add(other)
    tickets = [open_ticket(team, other, "Common", "Rare" if number == 7 else "Word") for number in range(400)]
    session.commit()
    if not is_sqlite():
        session.execute(text("ANALYZE ticket_search"))
    return tickets


def test_what_stands_in_most_tickets_is_read_from_the_list_and_what_is_rare_from_the_index(many):
    common, rare, nowhere = (Search(terms_of(words), internal=True) for words in ("common", "rare", "nowhere"))

    assert 350 < common.guess[0] <= common.guess[1] < 450
    assert rare.guess[0] < 10 and nowhere.guess[0] < 10
    assert 100 < common.to_read_for(50, *common.guess) < 200
    assert rare.to_read_for(50, *rare.guess) is None and nowhere.to_read_for(50, *nowhere.guess) is None


@pytest.fixture
def by_stretches(monkeypatch):
    """On PostgreSQL, all words are taken for frequent ones that stand in a small part of the tickets."""
    monkeypatch.setattr("models.candidates.MOST_FETCHED", -1)
    monkeypatch.setattr("models.search.Search.to_read_for", lambda *_: None)
    monkeypatch.setattr("models.search.Search.guess", (1000, 100_000))


@pytest.mark.parametrize("by", [(), ("by_stretches",)])
def test_what_happened_to_old_tickets_counts_however_new_the_others_are(by, team, carla, agnes, monkeypatch, request):
    for name in by:
        request.getfixturevalue(name)
    tickets, dice = [open_ticket(team, carla, "Common", "Word") for _ in range(24)], random.Random(5)
    for ticket, minute in zip(tickets, dice.sample(range(10_000), len(tickets)), strict=True):
        ticket.last_activity_at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minute)
    session.commit()
    wanted = sorted(tickets, key=lambda ticket: ticket.last_activity_at, reverse=True)[:3]

    for spare in (1, 6, 6.25):  # times four: too few to tell; all of them, not known to be; all of them, and known
        monkeypatch.setattr("models.candidates.SPARE", spare)
        shown = page_of(agnes, Filters(q="common"), per_page=3).rows
        assert [row.number for row in shown] == [ticket.id for ticket in wanted]
        for sort, expected in (("created", tickets[:3]), ("-created", tickets[:-4:-1])):
            page = page_of(agnes, Filters(q="common", sort=sort), per_page=3)
            assert [row.number for row in page.rows] == [ticket.id for ticket in expected]
            further = page_of(agnes, Filters(q="common", sort=sort, after=str(page.next)), per_page=3).rows
            assert [row.number for row in further] == [
                ticket.id for ticket in (tickets[3:6] if sort == "created" else tickets[-4:-7:-1])
            ]


def test_postgresql_finds_frequent_words_in_a_stretch_of_the_newest_tickets(team, carla, agnes, monkeypatch):
    if is_sqlite():
        pytest.skip("SQLite tells the newest by itself")
    tickets = []
    for number in range(1, 25):  # every other of them five thousand numbers further
        session.execute(text(f"SELECT setval('tickets_id_seq', {number // 2 * 5000 + number})"))
        tickets.append(open_ticket(team, carla, "Common", "Word"))
    session.commit()
    every, newest = tickets[-1].id, [ticket.id for ticket in reversed(tickets)]
    monkeypatch.setattr("models.candidates.MOST_FETCHED", -1)

    def told(guess, count=4, sort="-activity"):
        monkeypatch.setattr("models.search.Search.guess", guess)
        candidates = Candidates(agnes, Scope(agnes), Filters(q="common", sort=sort))
        search = Search(candidates.terms, internal=True, sample=6)
        return candidates._in_a_stretch(search, 0, count, sort != "created")

    assert told((24, every)) == newest[:4]  # as frequent as they are
    assert told((1000, every), count=2) == newest[:2]  # rarer than guessed: a second, longer stretch
    assert told((24, every), sort="created") == newest[:-5:-1]
    assert told((24, every), count=20) is None  # more than the sample has
    assert told((3, every)) is None  # so rare that the stretch would be everything

    monkeypatch.setattr("models.candidates.MOST_FETCHED", 1000)
    assert told((1000, every), count=2) is None  # rarer than guessed, and few: all of them are found as soon


def test_a_beginning_is_found_by_its_words_or_by_itself(corpus, monkeypatch):
    if not is_sqlite():
        pytest.skip("PostgreSQL keeps no list of words")
    asked = Search(terms_of("prin*"), internal=True)
    assert asked.fts == 'internal : (("printer" OR "printers" OR "printing"))'

    monkeypatch.setattr("models.search.MOST_BEGINNING", 2)
    again = Search(terms_of("prin*"), internal=True)
    assert again.fts == 'internal : ("prin"*)'
    assert found(corpus, asked.condition(Ticket.id)) == found(corpus, again.condition(Ticket.id)) == "de"
    assert Search(terms_of("zzzz*"), internal=True).fts == 'internal : ("zzzz"*)'


@pytest.mark.parametrize(
    ("text", "search", "pieces"),
    [
        ("L'Imprimante répond", "imprimantes repond", ["L'", "[Imprimante]", " ", "[répond]"]),
        ("re\u0301pond", "répond", ["[re\u0301pond]"]),
        ("out of toner, out", '"out of"', ["[out of]", " toner, out"]),
        ("printing prints", "print*", ["[printing]", " ", "[prints]"]),
        ("<b>bold</b>", "b", ["<", "[b]", ">bold</", "[b]", ">"]),
        ("nothing", "else", ["nothing"]),
        ("", "else", []),
        ("Straße ½", "strasse", ["[Straße]", " ½"]),
    ],
)
def test_what_was_found_is_marked_in_the_text(text, search, pieces):
    found = finder(terms_of(search)).marked(text)

    assert [f"[{piece}]" if hit else piece for piece, hit in found] == pieces
    assert "".join(piece for piece, _ in found) == text


def test_an_excerpt_is_the_stretch_around_the_first_word_that_was_found():
    long = "before " * 50 + "the needle is here " + "after " * 80
    pieces = excerpt(long, terms_of("needle"))

    assert ("needle", True) in pieces and len("".join(piece for piece, _ in pieces)) < 300
    assert pieces[0][0].startswith("… before") and pieces[-1][0].endswith("after …")
    assert excerpt(long, terms_of("nowhere")) == []


def test_words_are_folded():
    assert words("Été, ŒUVRE ﬁn ２０２６ İstanbul") == ["ete", "œuvre", "fin", "2026", "istanbul"]


def test_every_letter_is_looked_through_as_it_is_indexed():
    for code in (*range(0xD800), *range(0xE000, 0x20000)):
        written = f"É{chr(code)}"
        plain = unicodedata.normalize("NFKD", written.casefold())
        assert _folded(written) == "".join(one for one in plain if not unicodedata.combining(one)).casefold(), hex(code)


def test_a_phrase_is_found_by_all_of_its_words():
    found = excerpt("The printer is new. It is the old printer that stopped.", terms_of('"the old printer"'))
    assert [piece for piece, hit in found if hit] == ["the old printer"]
    assert excerpt("The old house has the printer", terms_of('"the old printer"')) == []
    assert [piece for piece, hit in excerpt("Vos clés", terms_of('"vos cle*"')) if hit] == ["Vos clés"]
