"""Addresses of hosts and network cards."""

from __future__ import annotations

import re

from llmops_audit.personal_data import validators
from llmops_audit.personal_data.gates import GROUPS, HYPHENS, PAIRS, number
from llmops_audit.personal_data.kinds import Confidence, Form, Gate, Kind, words
from llmops_audit.record import Severity, message

__all__ = ["KINDS", "PRECEDENCE"]

PRECEDENCE = 80

CONFIRMED, LIKELY = Confidence.CONFIRMED, Confidence.LIKELY

HEX_FOURS = Gate(r"\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}")

QUAD = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z_])(?!\.[0-9])(?!(?<=\.0)/[0-9])"
FREE_QUAD = re.compile(rf"(?<![0-9A-Za-z_])(?<![0-9]\.)(?<![0-9A-Za-z][/\-])(?=(?:\.?[0-9]){{7}}){QUAD}")
"""Too long for the number of a section or version; not after a slash or hyphen, where a product version stands."""
ANY_QUAD = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9]\.){QUAD}")

IPV6 = re.compile(r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])")

MAC_COLONS = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Fa-f]:)[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z]|:[0-9A-Fa-f])"
)
MAC_HYPHENS = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9A-Fa-f]-)[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z]|-[0-9A-Fa-f])"
)
MAC_FOURS = re.compile(r"(?<![0-9A-Za-z.])[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?![0-9A-Za-z]|\.[0-9A-Fa-f])")

IP_ADDRESS = Kind(
    name="ip_address",
    title=message("IP address"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="",
    context=words(
        "ip ip_address ip_addr ipv4 ipv6 address addr host hostname server client remote gateway dns proxy router "
        "subnet ping login logged sign_in signed_in login_from logged_in remote_addr x_forwarded_for forwarded_for "
        "peer src dst ssh sshd port publickey connection connected connecting connect session listening nmap "
        "blocked banned traceroute",
        "IP地址 地址 服务器 主机 登录 登陆 网关 代理 封禁 访问来源",
    ),
    against=words(
        "version ver v build release firmware chrome firefox safari edge opera mozilla applewebkit browser driver "
        "sdk kernel section chapter clause paragraph oid upgrade upgraded update updated downgrade installed",
        "版本 固件 章节 更新 升级",
    ),
    forms=(
        Form(number(7), FREE_QUAD, CONFIRMED, alone=LIKELY, validator=validators.ipv4, reach=25),
        Form(number(4), ANY_QUAD, CONFIRMED, validator=validators.ipv4),
        Form(GROUPS, IPV6, CONFIRMED, alone=CONFIRMED, validator=validators.ipv6),
    ),
    hits=(
        ("logged in from 203.0.113.77.", "203.0.113.77"),
        ("IP地址10.0.0.5已封", "10.0.0.5"),
        ("http://93.184.216.34/index", "93.184.216.34"),
        ("host 2001:db8::8a2e:370:7334 is up", "2001:db8::8a2e:370:7334"),
        ("fe80:0:0:0:204:61ff:fe9d:f156", "fe80:0:0:0:204:61ff:fe9d:f156"),
        ("server node7/10.1.2.3:8020 answers", "10.1.2.3"),
    ),
    misses=(
        "version 120.0.6099.129",
        "Chrome/120.0.6099.129",
        "firmware 10.20.30.140 fixes this",
        "see 4.1.2.3",
        "v1.22.333.44",
        "300.1.2.3",
        "127.0.0.1",
        "255.255.255.0",
        "route 10.20.30.0/24",
        "1.3.6.1.4.1.311",
        "12:30:45",
        "std::cout",
        "::",
        "00:1a:2b:3c:4d:5e",
        "1:2:3:4:5:6:7:8",
    ),
)

MAC_ADDRESS = Kind(
    name="mac_address",
    title=message("address of a network card (MAC)"),
    identifying=False,
    severity=Severity.MEDIUM,
    jurisdiction="",
    context=words(
        "mac mac_address hwaddr ether bssid wifi wlan bluetooth ethernet nic device", "MAC地址 物理地址 网卡"
    ),
    forms=(
        Form(PAIRS, MAC_COLONS, CONFIRMED, alone=CONFIRMED, validator=validators.mac_with_letter),
        Form(PAIRS, MAC_COLONS, LIKELY, validator=validators.mac),
        Form(HYPHENS, MAC_HYPHENS, CONFIRMED, alone=CONFIRMED, validator=validators.mac_with_letter),
        Form(HYPHENS, MAC_HYPHENS, LIKELY, validator=validators.mac),
        Form(HEX_FOURS, MAC_FOURS, CONFIRMED, alone=CONFIRMED, validator=validators.mac_with_letter),
    ),
    hits=(
        ("eth0 HWaddr 00:1a:2b:3c:4d:5e", "00:1a:2b:3c:4d:5e"),
        ("设备00-1A-2B-3C-4D-5E离线", "00-1A-2B-3C-4D-5E"),
        ("port Gi1/0/1 learned 001a.2b3c.4d5e", "001a.2b3c.4d5e"),
        ("MAC 00:11:22:33:44:55", "00:11:22:33:44:55"),
    ),
    misses=(
        "10:20:30:40:50:10",
        "from 12:30:45 to 13:30:45",
        "ff:ff:ff:ff:ff:ff",
        "fingerprint 43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8",
        "2001:db8:ac10:fe01::",
        "01-02-03-04-05-06",
        "1234.5678.9012",
    ),
)

KINDS: tuple[Kind, ...] = (IP_ADDRESS, MAC_ADDRESS)
