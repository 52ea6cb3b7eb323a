"""Phone numbers of wallets: E.164, of a country, as long as a mobile number there is (API-07).

Owns country calling codes and lengths. It does not know which ranges a country has given to whom: that changes every month, and the
provider knows it.
"""

import re

from domain.intake.faults import Fault

LENGTH_GROUPS: dict[tuple[int, ...], str] = {
    (5,): "247 290 500 682",
    (6,): "298 299 672 681 687",
    (7,): "238 239 246 248 269 291 297 501 592 597 673 674 676 678 679 680 691 692 960",
    (8,): (
        "216 222 223 226 227 228 230 232 235 236 253 257 266 267 268 350 356 357 370 371 373 374 378 382 383 386 389 45 47 "
        "502 503 504 505 506 509 53 591 598 65 670 675 686 689 852 853 965 968 973 974 975 976 993"
    ),
    (9,): (
        "211 212 213 218 221 224 233 237 240 242 244 245 249 250 251 254 255 256 258 260 261 262 263 264 265 32 33 34 351 "
        "352 353 355 36 375 380 40 41 420 421 46 48 51 56 590 593 594 595 596 61 66 84 886 93 94 962 963 966 967 970 971 "
        "972 992 994 995 996 998"
    ),
    (10,): "1 20 225 229 234 30 44 52 57 58 63 7 81 850 880 90 91 92 964 977 98",
    (11,): "86",
    (4, 7): "683",
    (5, 7): "677",
    (6, 7): "688",
    (6, 9): "376 508",
    (7, 8): "241 372 507 599 961",
    (7, 9): "220 231 243 354 423",
    (7, 10): "685",
    (8, 9): "359 377 385 387 855",
    (9, 10): "39 60 82 856",
    (9, 11): "31",
    (10, 11): "49 54 55",
    (7, 8, 9): "252",
    (8, 9, 10): "381 64",
    (4, 5, 6, 7): "690",
    (7, 8, 9, 10): "95",
    (9, 10, 11, 12): "62",
    (5, 6, 7, 8, 9): "27",
    (6, 7, 8, 9, 10): "358",
    (7, 8, 9, 10, 11, 12, 13): "43",
}
"""Digits of a mobile number after the calling code -> calling codes where that is so."""

LENGTHS: dict[str, tuple[int, ...]] = {code: lengths for lengths, codes in LENGTH_GROUPS.items() for code in codes.split()}
CODE_DIGITS_MAX = 3

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def _by_start() -> dict[str, frozenset[int]]:
    """The first three digits -> how long the whole text may be. No calling code begins with another one."""
    lengths: dict[str, frozenset[int]] = {}
    for code, national in LENGTHS.items():
        rest = CODE_DIGITS_MAX - len(code)
        for more in range(10**rest):
            start = f"{code}{more:0{rest}d}" if rest else code
            lengths[start] = frozenset(1 + len(code) + digits for digits in national)
    return lengths


_LENGTHS_BY_START = _by_start()
_NO_LENGTH: frozenset[int] = frozenset()


def is_mobile(number: str) -> bool:
    """Whether this can be a mobile number in E.164."""
    return len(number) in _LENGTHS_BY_START.get(number[1:4], _NO_LENGTH) and _E164.fullmatch(number) is not None


def msisdn_fault(pointer: str, number: str) -> Fault | None:
    """Why this is not a mobile number in E.164, or None."""
    if is_mobile(number):
        return None
    return Fault(pointer=pointer, detail=_remedy(number))


def _remedy(number: str) -> str:
    if not _E164.fullmatch(number):
        return "must be in E.164 form: +, country code and number without blanks, such as +256772123456"
    code = next((number[1 : 1 + size] for size in (1, 2, 3) if number[1 : 1 + size] in LENGTHS), None)
    if code is None:
        return "begins with no country's calling code; write it as +, country code and number, such as +256772123456"
    wanted = " or ".join(str(digits) for digits in LENGTHS[code])
    return f"has {len(number) - 1 - len(code)} digits after +{code}; a mobile number there has {wanted}"
