"""Check digits of bank account numbers, computed independently of the server."""


def iban_holds(iban: str) -> bool:
    """ISO 13616: the number with its first four characters moved to the end is 1 modulo 97."""
    moved = iban[4:] + iban[:4]
    return iban.isalnum() and int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def aba_holds(routing_number: str) -> bool:
    """Routing number: nine digits whose sum with the weights 3, 7, 1 is a multiple of ten."""
    weights = (3, 7, 1, 3, 7, 1, 3, 7, 1)
    return _digits(routing_number, 9) and _weighted(routing_number, weights) % 10 == 0


def clabe_holds(clabe: str) -> bool:
    """CLABE: each of 17 digits times 3, 7 or 1, modulo ten; the last digit fills up to ten."""
    if not _digits(clabe, 18):
        return False
    products = (int(digit) * (3, 7, 1)[at % 3] % 10 for at, digit in enumerate(clabe[:17]))
    return (10 - sum(products) % 10) % 10 == int(clabe[17])


def national_digits_hold(iban: str) -> bool:
    """The digits that a country has of its own inside an IBAN; true where it has none."""
    country, account = iban[:2], iban[4:]
    if country == "FR":
        digits = "".join(_rib_digit(character) for character in account[:21])
        return 97 - int(digits) * 100 % 97 == int(account[21:])
    if country == "NL":
        # Eleven test over the ten digits of the account.
        return _weighted(account[4:], range(10, 0, -1)) % 11 == 0
    return True


def _rib_digit(character: str) -> str:
    """In the RIB key letters count 1 to 9, where A and J are 1 and S is 2."""
    if character.isdigit():
        return character
    return str((int(character, 36) - 10) % 9 + 1 + (character >= "S"))


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()


def _weighted(digits: str, weights) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
