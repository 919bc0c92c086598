"""What a password must be (threat model, rule 30): 8 to 1024 characters of any kind, none of the common ones."""

from .base import Refusal

SHORTEST, LONGEST = 8, 1024
_COMMON = set(
    """password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 0123456789
    87654321 987654321 11111111 00000000 88888888 12341234 123123123 123321123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx qazwsxedc
    qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 azertyui azertyuiop azerty12 azerty123 asdfghjk asdfghjkl
    zxcvbnm1 abcdefgh abcd1234 abc12345 a1b2c3d4 iloveyou iloveyou1 sunshine sunshine1 princess princess1 football
    football1 baseball baseball1 superman superman1 batman123 welcome1 welcome123 bienvenue bienvenue1 motdepasse
    motdepasse1 motdepasse123 soleil123 doudou123 chouchou loulou123 marseille bonjour1 bonjour123 jetaime1 jetaime123
    trustno1 starwars starwars1 whatever whatever1 letmein1 letmein123 changeme changeme1 changeme123 default1 secret123
    admin123 admin1234
    administrator administrateur root1234 test1234 testtest guest123 support1 support123 helpdesk
    helpdesk1 helpdesk123 guichet1 guichet123 computer computer1 internet internet1 michelle jennifer corvette mercedes
    dragon123 monkey123 shadow123 master123 charlie1 liverpool liverpool1 chelsea1 arsenal1 juventus pokemon1 pokemon123
    november december september october1 january1 february summer2024 summer2025 summer2026 winter2024 winter2025
    winter2026 spring2026 autumn2026 company1 company123 business access14 blink182 samsung1 samsung123 google123
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


class WeakPassword(Refusal):
    """``reason`` is *short*, *long* or *common*."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def check_strength(password: str, email: str = ""):
    """Raise WeakPassword unless the password is long enough, not absurdly long, and not among the first to be tried."""
    if len(password) < SHORTEST:
        raise WeakPassword("short")
    if len(password) > LONGEST:
        raise WeakPassword("long")
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) < 3 or plain in {email, email.partition("@")[0]}:
        raise WeakPassword("common")
