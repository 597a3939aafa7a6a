"""A name server that knows one name. Usage: name_server.py NAME ADDRESS

Serves on the first loopback address whose port 53 is free, and prints that address once it may be asked.
"""

import errno
import socket
import sys

name, address = sys.argv[1:]
asked = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for last in range(1, 255):
    try:
        server.bind((f"127.0.0.{last}", 53))
        break
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
else:
    sys.exit("port 53 of every loopback address is taken")
print(server.getsockname()[0], flush=True)
while True:
    query, peer = server.recvfrom(512)
    question = query[12 : query.index(b"\0", 12) + 5]
    kind = question[-4:-2]
    known = question[:-4].lower() == asked
    answers = 1 if known and kind == b"\0\1" else 0
    # Response to a standard query; NXDOMAIN for other names.
    flags = b"\x81\x80" if known else b"\x81\x83"
    head = query[:2] + flags + b"\0\1" + bytes([0, answers]) + b"\0\0\0\0"
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address) if answers else b""
    server.sendto(head + question + record, peer)
