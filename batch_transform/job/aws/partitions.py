"""What differs between the partitions of AWS: domains and the currency of prices.

Names and DNS suffixes are those of botocore's `partitions.json`. Consoles' domains are what the browser's address bar
shows; those of the isolated partitions aren't public, so their links name the domain of the `aws` partition.
"""

from __future__ import annotations

from dataclasses import dataclass

_CONSOLE = "console.aws.amazon.com"


@dataclass(frozen=True)
class Partition:
    """A partition, whose regions begin with `region_prefix`. `dns_suffix` is `AWS::URLSuffix` in a template."""

    name: str
    region_prefix: str
    dns_suffix: str
    console: str = _CONSOLE
    currency: str = "USD"


_AWS = Partition("aws", "", "amazonaws.com")

PARTITIONS = (
    Partition("aws-cn", "cn-", "amazonaws.com.cn", "console.amazonaws.cn", "CNY"),
    # Its prices are in euros (re:Invent 2025, SEC201, on the AWS European Sovereign Cloud).
    Partition("aws-eusc", "eusc-", "amazonaws.eu", "console.amazonaws-eusc.eu", "EUR"),
    Partition("aws-us-gov", "us-gov-", "amazonaws.com", "console.amazonaws-us-gov.com"),
    Partition("aws-iso", "us-iso-", "c2s.ic.gov"),
    Partition("aws-iso-b", "us-isob-", "sc2s.sgov.gov"),
    Partition("aws-iso-e", "eu-isoe-", "cloud.adc-e.uk"),
    Partition("aws-iso-f", "us-isof-", "csp.hci.ic.gov"),
    _AWS,
)
"""All partitions. `aws` is the last one: it has all other regions."""


def partition_of(region: str) -> Partition:
    """Return the partition of a region."""
    return next((one for one in PARTITIONS if region.startswith(one.region_prefix)), _AWS)
