"""The certificate that the device makes: what it names, how long it lasts, when it is renewed."""

import hashlib
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from andante_host.console.administration.network import Reached, reached
from andante_host.console.certificate import (
    LASTS_DAYS,
    RENEWED_BEFORE_DAYS,
    CertificateError,
    CertificateFiles,
    facts_of,
    own_files,
    renew_own,
)

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HERE = Reached(("pi", "pi.local", "localhost"), ("192.168.1.5", "fd00::5", "127.0.0.1", "::1"))


def made(folder: Path, here: Reached = HERE, now: datetime = NOW) -> CertificateFiles:
    """A new one."""
    files = own_files(folder)
    assert renew_own(files, here, now)
    return files


def test_it_names_everything_and_vouches_for_nobody_else(tmp_path: Path) -> None:
    files = made(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)
    facts = facts_of(files.certificate)
    assert set(facts.names) == {*HERE.names, *HERE.addresses}
    assert facts.own
    limits = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.value.ca, limits.critical) == (False, True)
    whole = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert whole == timedelta(days=LASTS_DAYS)
    assert certificate.not_valid_before_utc < NOW


def test_openssl_takes_it_for_a_server_of_these_names(tmp_path: Path) -> None:
    files = made(tmp_path, now=datetime.now(UTC))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(files.certificate, files.key)
    browser = ssl.create_default_context(cafile=files.certificate)
    assert shaken_hands(server, browser, "pi.local") == "TLSv1.3"
    assert shaken_hands(server, browser, "192.168.1.5") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken_hands(server, browser, "elsewhere.local")


def shaken_hands(server: ssl.SSLContext, browser: ssl.SSLContext, name: str) -> str | None:
    """A handshake in memory; the protocol that both agreed on."""
    to_server, to_browser = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = server.wrap_bio(to_server, to_browser, server_side=True)
    other = browser.wrap_bio(to_browser, to_server, server_hostname=name)
    for _ in range(4):
        for side in (other, one):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return other.version()


def test_the_key_is_its_users_alone_and_stays(tmp_path: Path) -> None:
    files = made(tmp_path)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    key = files.key.read_bytes()
    later = NOW + timedelta(days=LASTS_DAYS)
    assert renew_own(files, HERE, later)
    assert files.key.read_bytes() == key
    assert facts_of(files.certificate).ends_utc > later
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "certificate-key.pem",
        "certificate.pem",
    ]


def test_one_that_will_do_stays(tmp_path: Path) -> None:
    files = made(tmp_path)
    before = files.certificate.read_bytes()
    another = Reached(HERE.names, ("192.168.1.5", "fd00::77", "127.0.0.1"))
    for here, days in ((HERE, 0), (HERE, LASTS_DAYS - RENEWED_BEFORE_DAYS - 2), (another, 0)):
        assert not renew_own(files, here, NOW + timedelta(days=days))
    assert files.certificate.read_bytes() == before


@pytest.mark.parametrize(
    ("here", "days"),
    [
        (HERE, LASTS_DAYS - RENEWED_BEFORE_DAYS),
        (HERE, -100),  # made with a clock that was ahead
        (Reached(HERE.names, (*HERE.addresses, "10.0.0.7")), 0),
        (Reached(("tempo", "tempo.local", "localhost"), HERE.addresses), 0),
    ],
)
def test_one_that_will_not_do_is_replaced(tmp_path: Path, here: Reached, days: int) -> None:
    files = made(tmp_path)
    assert renew_own(files, here, NOW + timedelta(days=days))
    assert {*here.names, *here.addresses} == set(facts_of(files.certificate).names)


@pytest.mark.parametrize("name", ["certificate.pem", "certificate-key.pem"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str) -> None:
    files = made(tmp_path)
    (tmp_path / name).write_text("nonsense")
    renew_own(files, HERE, NOW + timedelta(days=LASTS_DAYS))
    ssl.create_default_context().load_cert_chain(files.certificate, files.key)


def test_the_fingerprint_is_as_browsers_show_it(tmp_path: Path) -> None:
    files = made(tmp_path)
    shown = facts_of(files.certificate).sha256
    pem = files.certificate.read_text()
    digits = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
    assert shown.replace(":", "") == digits
    assert len(shown.split(":")) == 32


def test_what_is_no_certificate_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="cannot be read"):
        facts_of(tmp_path / "none.pem")
    (tmp_path / "words.pem").write_text("words")
    with pytest.raises(CertificateError, match="BEGIN CERTIFICATE"):
        facts_of(tmp_path / "words.pem")


def test_this_computer_is_reached_by_its_names_and_no_link_local_address() -> None:
    here = reached()
    assert "localhost" in here.names
    assert any(name.endswith(".local") for name in here.names)
    assert "127.0.0.1" in here.addresses
    assert not any(one.startswith(("fe80:", "169.254.")) for one in here.addresses)
