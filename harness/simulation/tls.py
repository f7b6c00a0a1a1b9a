"""Certificates of the simulation: one authority for the whole process, made when first needed.

Clients that insist on TLS get real TLS with certificates of this authority. Making one costs
milliseconds and importing the library tenths of a second, so both happen once and only on demand.

The authority's certificate is the same in every process, because the cluster publishes it
(`kube-root-ca.crt`) and so it stands in the journal: its key is derived from its name and its
signature is deterministic (RFC 6979). That is no secret worth keeping; nothing outside of a
simulated network trusts it.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import ssl

from . import scope

NAME = "operator-harness simulation"
#: Any time of a simulation lies in between.
_VALID_FROM = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_VALID_UNTIL = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


class Authority:
    """A certificate authority that lives in memory."""

    def __init__(self) -> None:
        import trustme

        self._authority = trustme.CA.from_pem(*_certificate_and_key())
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        text: str = self._authority.cert_pem.bytes().decode()
        return text

    def server_context(self, *names: str) -> ssl.SSLContext:
        """For a server that is called by these host names and addresses."""
        context = self._contexts.get(names)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with scope.stepped_out():
                self._authority.issue_cert(*names).configure_cert(context)
            self._contexts[names] = context
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts this authority and no other."""
        context = ssl.create_default_context(cadata=self.pem)
        return context


def _certificate_and_key() -> tuple[bytes, bytes]:
    """The authority's certificate and private key, PEM; functions of its name."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    digest = hashlib.blake2b(NAME.encode(), digest_size=31).digest()  # below the curve's order
    key = ec.derive_private_key(int.from_bytes(digest), ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, _VALID_FROM, _VALID_UNTIL)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=9), critical=True)
    builder = builder.add_extension(key_id, critical=False)
    builder = builder.add_extension(usage, critical=True)
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem), key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@functools.cache
def authority() -> Authority:
    """The authority of this process."""
    with scope.stepped_out():
        return Authority()
