"""A name server that knows one name. Usage: name_server.py NAME ADDRESS"""

import socket
import sys

name, address = sys.argv[1:]
asked = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
while True:
    query, peer = server.recvfrom(512)
    question = query[12 : query.index(b"\0", 12) + 5]
    kind = question[-4:-2]
    known = question[:-4].lower() == asked
    answers = 1 if known and kind == b"\0\1" else 0
    # An answer to a standard query; NXDOMAIN where the name is another.
    flags = b"\x81\x80" if known else b"\x81\x83"
    head = query[:2] + flags + b"\0\1" + bytes([0, answers]) + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address) if answers else b""
    server.sendto(head + question + record, peer)
