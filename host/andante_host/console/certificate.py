"""The certificate that the page is served with: the clinic's own, or one that the device makes.

One of our own is signed by itself: a browser warns until somebody has compared its fingerprint and
trusts it, or until the clinic puts its own in (docs/console-setup.md). The key stays the same when
the certificate is renewed.
"""

import ipaddress
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from andante.errors import AndanteError
from andante_host.console.administration.network import Reached

LASTS_DAYS = 397
"""Browsers refuse server certificates that last longer (Apple's and Chrome's root programmes)."""
RENEWED_BEFORE_DAYS = 30
_SKEW_HOURS = 24
"""Valid from a day before: a tablet's clock, or the device's own, may be behind."""
_NAME_CHARS = 64


class CertificateError(AndanteError):
    """A certificate that cannot be read, made or used."""


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files: the certificate (with its chain, where there is one) and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class CertificateFacts:
    """What a person compares and looks after. `sha256` as browsers show it, in groups of two."""

    sha256: str
    names: tuple[str, ...]
    begins_utc: datetime
    ends_utc: datetime
    own: bool
    """Signed by itself: made by the device, not by anybody who vouches for it."""


def own_files(state_dir: Path) -> CertificateFiles:
    """Where the device keeps the one that it makes."""
    return CertificateFiles(state_dir / "certificate.pem", state_dir / "certificate-key.pem")


def renew_own(files: CertificateFiles, reached: Reached, now: datetime) -> bool:
    """Make the device's certificate where there is none that will do; whether one was made.

    It will do from its beginning to 30 days before its end (a Pi without a battery may have made it
    with a wrong clock), as long as it names every name and IPv4 address. A new IPv6
    address alone is no reason: some computers take one every day, and each certificate has to be
    trusted anew. Raises CertificateError.
    """
    if files.certificate.exists() and files.key.exists():
        try:
            facts = facts_of(files.certificate)
        except CertificateError:
            facts = None
        wanted = {*reached.names, *(one for one in reached.addresses if ":" not in one)}
        if (
            facts is not None
            and facts.begins_utc <= now < facts.ends_utc - timedelta(days=RENEWED_BEFORE_DAYS)
            and wanted <= set(facts.names)
        ):
            return False
    try:
        files.certificate.parent.mkdir(parents=True, exist_ok=True)
        key = _kept_key(files.key)
        _replace(files.certificate, _certificate(key, reached, now), mode=0o644)
    except OSError as error:
        raise CertificateError(
            f"The certificate cannot be written to {files.certificate.parent} ({error.strerror}); "
            "see to the folder's rights, or choose another with --state."
        ) from None
    return True


def facts_of(path: Path) -> CertificateFacts:
    """The first certificate in a PEM file. Raises CertificateError in one sentence."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise CertificateError(
            f"The certificate {path} cannot be read ({error.strerror}); name another with "
            "--certificate, or leave it out."
        ) from None
    except ValueError:
        raise CertificateError(
            f"{path} is no certificate in PEM form; name the file that begins with "
            "-----BEGIN CERTIFICATE-----."
        ) from None
    digits = certificate.fingerprint(hashes.SHA256()).hex().upper()
    return CertificateFacts(
        sha256=":".join(digits[at : at + 2] for at in range(0, len(digits), 2)),
        names=_names(certificate),
        begins_utc=certificate.not_valid_before_utc,
        ends_utc=certificate.not_valid_after_utc,
        own=certificate.issuer == certificate.subject,
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names: Sequence[str] = found.get_values_for_type(x509.DNSName)
    return (*names, *(str(one) for one in found.get_values_for_type(x509.IPAddress)))


def _kept_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError:
            key = None
        if isinstance(key, ec.EllipticCurvePrivateKey):
            path.chmod(0o600)
            return key
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _replace(path, pem, mode=0o600)
    return made


def _certificate(key: ec.EllipticCurvePrivateKey, reached: Reached, now: datetime) -> bytes:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, reached.names[0][:_NAME_CHARS]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Andante"),
        ]
    )
    names = [x509.DNSName(one) for one in reached.names]
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in reached.addresses]
    begins = now - timedelta(hours=_SKEW_HOURS)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=LASTS_DAYS))
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        # It vouches for itself and for nobody else, so that trusting it opens no other door.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by more than `mode` says, not even for a moment."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
