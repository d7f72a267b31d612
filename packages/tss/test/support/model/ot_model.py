"""Oblivious transfer and multiplication as docs/spec/ot.md states them, with Python integers only.

Written from that page, not from the TypeScript; slow and not constant time. Writes the known answers:

    python3 packages/tss/test/support/model/ot_model.py > packages/tss/test/vectors/ot.json

Randomness: draw n (from 0) of L bytes is the first L bytes of SHAKE256(seed ‖ "/" ‖ decimal n).
"""
import hashlib
import json

p = 2**256 - 2**32 - 977
q = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
PREFIX = b'quorate/v1/ot/'
OTS, K, TREES, LEAVES, XI, ROW, SIGMA, M = 128, 4, 32, 16, 512, 640, 128, 4


class Rng:
    def __init__(self, seed):
        self.seed, self.count = seed, 0

    def __call__(self, length):
        self.count += 1
        return hashlib.shake_256(f'{self.seed}/{self.count - 1}'.encode()).digest(length)

    def scalar(self):
        while True:
            value = int.from_bytes(self(48), 'big') % q
            if value:
                return value


# Hashing

def framed(label, *fields):
    tag = PREFIX + label.encode()
    out = len(tag).to_bytes(8, 'big') + tag + len(fields).to_bytes(8, 'big')
    for field in fields:
        out += len(field).to_bytes(8, 'big') + field
    return out


def H(label, *fields):
    return hashlib.sha256(framed(label, *fields)).digest()


def E(label, length, *fields):
    return hashlib.shake_256(framed(label, *fields)).digest(length)


def be(value, width):
    return value.to_bytes(width, 'big')


def xor(*parts):
    out = 0
    for part in parts:
        out ^= int.from_bytes(part, 'little')
    return out.to_bytes(len(parts[0]), 'little')


# AES-128 (FIPS 197), encryption only

def gf8(a, b):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return out


def sbox_entry(x):
    inverse = next((y for y in range(256) if gf8(x, y) == 1), 0)
    out = 0x63
    for shift in range(5):
        out ^= (inverse << shift | inverse >> 8 - shift) & 255
    return out


SBOX = [sbox_entry(x) for x in range(256)]
MUL2 = [gf8(x, 2) for x in range(256)]
MUL3 = [gf8(x, 3) for x in range(256)]


def aes_key(key):
    words = [list(key[4 * i:4 * i + 4]) for i in range(4)]
    rcon = 1
    for i in range(4, 44):
        word = list(words[i - 1])
        if i % 4 == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= rcon
            rcon = gf8(rcon, 2)
        words.append([a ^ b for a, b in zip(words[i - 4], word)])
    return [sum(words[4 * r:4 * r + 4], []) for r in range(11)]


def aes(keys, block):
    s = [a ^ b for a, b in zip(block, keys[0])]
    for r in range(1, 11):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if r < 10:
            mixed = []
            for c in range(0, 16, 4):
                a, b, d, e = s[c:c + 4]
                mixed += [MUL2[a] ^ MUL3[b] ^ d ^ e, a ^ MUL2[b] ^ MUL3[d] ^ e,
                          a ^ b ^ MUL2[d] ^ MUL3[e], MUL3[a] ^ b ^ d ^ MUL2[e]]
            s = mixed
        s = [a ^ b for a, b in zip(s, keys[r])]
    return bytes(s)


assert aes(aes_key(bytes(range(16))), bytes.fromhex('00112233445566778899aabbccddeeff')).hex() \
    == '69c4e0d86a7b0430d8cdb78070b4c55a'  # FIPS 197, C.1


class T:
    """TMMO under one label and session."""

    def __init__(self, label, sid):
        self.keys = aes_key(H(label, sid)[:16])

    def __call__(self, x, *words):
        inner = aes(self.keys, x)
        tweak = b''.join(word.to_bytes(4, 'little') for word in words)
        return xor(aes(self.keys, xor(inner, tweak)), inner)


# Curve

def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0]:
        if (a[1] + b[1]) % p == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, p)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p)
    x = (slope * slope - a[0] - b[0]) % p
    return x, (slope * (a[0] - x) - a[1]) % p


def neg(a):
    return a[0], -a[1] % p


def mul(k, a):
    out = None
    for bit in bin(k)[2:]:
        out = add(out, out)
        if bit == '1':
            out = add(out, a)
    return out


def enc(a):
    return bytes([2 + a[1] % 2]) + be(a[0], 32)


def F(sid, z, b, point):
    counter = 0
    while True:
        block = E('base/point', 132, sid, be(b, 2) + be(z, 1), enc(point), be(counter, 4))
        for n in range(4):
            parity, x = block[33 * n] & 1, int.from_bytes(block[33 * n + 1:33 * n + 33], 'big')
            square = (x**3 + 7) % p
            y = pow(square, (p + 1) // 4, p)
            if x < p and y * y % p == square:
                return x, y if y % 2 == parity else p - y
        counter += 1


# Part 1

def pad(sid, b, z, point):
    return H('base/pad', sid, be(b, 2) + be(z, 1), enc(point))[:16]


def base_receive(sid, rng):
    choices, secrets, message = int.from_bytes(rng(16), 'little'), [], []
    for b in range(OTS):
        c = choices >> b & 1
        a = rng.scalar()
        other = mul(rng.scalar(), G)
        chosen = add(mul(a, G), neg(F(sid, c, b, other)))
        secrets.append(a)
        message.append((other, chosen) if c else (chosen, other))
    return choices, secrets, message


def base_send(sid, received, rng):
    pads, message = [], []
    for b, pair in enumerate(received):
        row, sent = [], []
        for z in (0, 1):
            key = add(pair[z], F(sid, z, b, pair[1 - z]))
            t = rng.scalar()
            row.append(pad(sid, b, z, mul(t, key)))
            sent.append(mul(t, G))
        pads.append(row)
        message.append(sent)
    return pads, message


def base_finish(sid, choices, secrets, received):
    return [pad(sid, b, choices >> b & 1, mul(secrets[b], received[b][choices >> b & 1]))
            for b in range(OTS)]


# Part 2

def leaf_proof(sid, tree, y, leaf):
    return H('pprf/leaf-proof', sid, be(tree, 2), be(y, 2), leaf)


def pprf_build(sid, pads):
    t = T('pprf/tree', sid)
    leaves, message = [], b''
    for tree in range(TREES):
        nodes = pads[4 * tree]
        for i in range(2, K + 1):
            nodes = [t(s, tree, i - 1, y, f) for y, s in enumerate(nodes) for f in (0, 1)]
            for z in (0, 1):
                message += xor(pads[4 * tree + i - 1][z], *nodes[z::2])
        proofs = [leaf_proof(sid, tree, y, s) for y, s in enumerate(nodes)]
        message += H('pprf/tree-proof', sid, be(tree, 2), b''.join(proofs)) + xor(*proofs)
        leaves.append(nodes)
    return leaves, message


def pprf_evaluate(sid, choices, pads, message):
    t = T('pprf/tree', sid)
    trees, delta, seeds = [], 0, b''
    for tree in range(TREES):
        part = message[160 * tree:160 * tree + 160]
        known, star = {}, 0  # known nodes of the level; the punctured one
        for i in range(1, K + 1):
            c = choices >> 4 * tree + i - 1 & 1
            known = {2 * y + f: t(s, tree, i - 1, y, f) for y, s in known.items() for f in (0, 1)}
            star, sibling = 2 * star + 1 - c, 2 * star + c
            seed = pads[4 * tree + i - 1]
            if i > 1:
                at = 32 * (i - 2) + 16 * c
                side = [s for y, s in known.items() if y % 2 == c]
                seed = xor(seed, part[at:at + 16], *side)
            known[sibling] = seed
            seeds += seed
        proofs = {y: leaf_proof(sid, tree, y, s) for y, s in known.items()}
        proofs[star] = xor(part[128:], *proofs.values())
        joined = b''.join(proofs[y] for y in range(LEAVES))
        assert H('pprf/tree-proof', sid, be(tree, 2), joined) == part[96:128]
        delta |= star << 4 * tree
        trees.append((known, star))
    return trees, delta, seeds


# Part 3

def field_mul(a, b):
    out = 0
    while b:
        if b & 1:
            out ^= a
        a <<= 1
        if a >> 128:
            a ^= 1 << 128 | 0x87
        b >>= 1
    return out


def coefficients(sid, u):
    block = E('extension/check', 64, sid, b''.join(le(row, 80) for row in u))
    return [int.from_bytes(block[16 * j:16 * j + 16], 'little') for j in range(M)]


def le(value, width):
    return value.to_bytes(width, 'little')


def combine(e, row):
    mask = (1 << SIGMA) - 1
    out = row >> XI
    for j in range(M):
        out ^= field_mul(e[j], row >> SIGMA * j & mask)
    return out


def stream(t, tree, y, leaf):
    return int.from_bytes(b''.join(t(leaf, tree, y, 0, w) for w in range(5)), 'little')


def extend_receive(sid, leaves, beta, rng):
    x = beta | int.from_bytes(rng(16), 'little') << XI
    t = T('extension/leaf', sid)
    u, v = [], []
    for tree in range(TREES):
        r = [stream(t, tree, y, leaf) for y, leaf in enumerate(leaves[tree])]
        total = x
        for value in r:
            total ^= value
        u.append(total)
        for b in range(K):
            row = 0
            for y in range(LEAVES):
                row ^= r[y] * (y >> b & 1)
            v.append(row)
    e = coefficients(sid, u)
    message = b''.join(le(row, 80) for row in u) + le(combine(e, x), 16)
    return v, message + b''.join(le(combine(e, row), 16) for row in v)


def extend_send(sid, trees, message):
    u = [int.from_bytes(message[80 * n:80 * n + 80], 'little') for n in range(TREES)]
    x_hat = int.from_bytes(message[2560:2576], 'little')
    t = T('extension/leaf', sid)
    w = []
    for tree, (known, star) in enumerate(trees):
        r = {y: stream(t, tree, y, leaf) for y, leaf in known.items()}
        for b in range(K):
            row = u[tree] * (star >> b & 1)
            for y, value in r.items():
                row ^= value * ((y ^ star) >> b & 1)
            w.append(row)
    e = coefficients(sid, u)
    for i in range(OTS):
        sent = int.from_bytes(message[2576 + 16 * i:2592 + 16 * i], 'little')
        assert combine(e, w[i]) == sent ^ x_hat * (trees[i // 4][1] >> i % 4 & 1)
    return w


def columns(rows):
    return [sum((rows[i] >> j & 1) << i for i in range(OTS)) for j in range(XI)]


# Part 4

def wide(block):
    return [int.from_bytes(block[i:i + 48], 'big') % q for i in range(0, len(block), 48)]


def gadget(sid):
    return wide(E('rvole/gadget', XI * 48, sid))


def row_scalars(sid, column):
    t = T('extension/row', sid)
    return [wide(b''.join(t(le(c, 16), j, 0, 0, w) for w in range(9))) for j, c in enumerate(column)]


def thetas(sid, masked):
    return wide(E('rvole/theta', 96, H('rvole/masked', sid, masked)))


def check(sid, rows):
    return H('rvole/check', sid, b''.join(be(value % q, 32) for value in rows))


def multiply_receive(sid, leaves, rng):
    beta = int.from_bytes(rng(64), 'little')
    b = sum(g for j, g in enumerate(gadget(sid)) if beta >> j & 1) % q
    v, message = extend_receive(sid, leaves, beta, rng)
    return b, beta, v, message


def multiply_send(sid, trees, delta, a, message, rng):
    w = columns(extend_send(sid, trees, message))
    zero, one = row_scalars(sid, w), row_scalars(sid, [c ^ delta for c in w])
    a_hat = rng.scalar()
    masked = b''.join(be((zero[j][i] - one[j][i] + (*a, a_hat)[i]) % q, 32)
                      for j in range(XI) for i in range(3))
    theta = thetas(sid, masked)
    eta = (a_hat + theta[0] * a[0] + theta[1] * a[1]) % q
    mu = check(sid, [z[2] + theta[0] * z[0] + theta[1] * z[1] for z in zero])
    g = gadget(sid)
    c = [-sum(g[j] * zero[j][i] for j in range(XI)) % q for i in range(2)]
    return c, masked + be(eta, 32) + mu


def multiply_finish(sid, beta, v, message):
    alpha = row_scalars(sid, columns(v))
    masked = wide_of(message[:49152])
    eta = int.from_bytes(message[49152:49184], 'big')
    bit = [beta >> j & 1 for j in range(XI)]
    d = [[alpha[j][i] + bit[j] * masked[3 * j + i] for i in range(3)] for j in range(XI)]
    theta = thetas(sid, message[:49152])
    rows = [d[j][2] + theta[0] * d[j][0] + theta[1] * d[j][1] - bit[j] * eta for j in range(XI)]
    assert check(sid, rows) == message[49184:]
    g = gadget(sid)
    return [sum(g[j] * d[j][i] for j in range(XI)) % q for i in range(2)]


def wide_of(block):
    return [int.from_bytes(block[i:i + 32], 'big') for i in range(0, len(block), 32)]


# Known answers

def digest(data):
    return hashlib.sha256(data).hexdigest()


def flat(pairs):
    return b''.join(enc(point) for pair in pairs for point in pair)


def main():
    setup, sign = hashlib.sha256(b'set-up').digest(), hashlib.sha256(b'signature').digest()
    curve = [{'sid': sid.hex(), 'ot': b, 'branch': z, 'point': enc(mul(k, G)).hex(),
              'result': enc(F(sid, z, b, mul(k, G))).hex()}
             for sid, b, z, k in ((setup, 0, 0, 1), (setup, 0, 1, 1), (setup, 127, 0, 1), (sign, 0, 0, 1),
                                  (setup, 0, 0, 2), (bytes(32), 1, 1, 3), (bytes(32), 2, 1, q - 1))]
    choices, secrets, offer = base_receive(setup, Rng('alice/base'))
    pads, answer = base_send(setup, offer, Rng('bob/base'))
    chosen = base_finish(setup, choices, secrets, answer)
    assert all(chosen[b] == pads[b][choices >> b & 1] for b in range(OTS))
    leaves, proof = pprf_build(setup, pads)
    trees, delta, siblings = pprf_evaluate(setup, choices, chosen, proof)
    a = [Rng('alice/inputs').scalar(), q - 1]
    b, beta, v, first = multiply_receive(sign, leaves, Rng('bob/multiply'))
    c, second = multiply_send(sign, trees, delta, a, first, Rng('alice/multiply'))
    d = multiply_finish(sign, beta, v, second)
    assert all((c[i] + d[i] - a[i] * b) % q == 0 for i in range(2))
    print(json.dumps({
        'setupSid': setup.hex(), 'signSid': sign.hex(), 'pointOracle': curve,
        'base': {
            'choices': le(choices, 16).hex(), 'secrets': digest(b''.join(be(s, 32) for s in secrets)),
            'firstOffer': [enc(point).hex() for point in offer[0]], 'offer': digest(flat(offer)),
            'firstAnswer': [enc(point).hex() for point in answer[0]], 'answer': digest(flat(answer)),
            'firstPads': [value.hex() for value in pads[0]],
            'pads': digest(b''.join(pads[n][z] for n in range(OTS) for z in (0, 1))),
            'chosenPads': digest(b''.join(chosen)),
        },
        'pprf': {
            'firstTree': proof[:160].hex(), 'message': digest(proof), 'delta': le(delta, 16).hex(),
            'builderSeeds': digest(b''.join(pads[4 * n][z] for n in range(TREES) for z in (0, 1))),
            'evaluatorSeeds': digest(siblings),
        },
        'multiplication': {
            'a': [be(value, 32).hex() for value in a], 'b': be(b, 32).hex(),
            'checkOfX': first[2560:2576].hex(), 'bobMessage': digest(first),
            'eta': second[49152:49184].hex(), 'mu': second[49184:].hex(), 'aliceMessage': digest(second),
            'c': [be(value, 32).hex() for value in c], 'd': [be(value, 32).hex() for value in d],
        },
    }, indent=2))


if __name__ == '__main__':
    main()
