"""Paillier, ring-Pedersen and the five proofs as docs/spec/zk.md states them, with Python integers only.

Written from that page, not from the TypeScript; slow and not constant time. Writes the known answers:

    python3 packages/tss/test/support/model/paillier_model.py > packages/tss/test/vectors/zk.json

Randomness: draw n (from 0) of L bytes is the first L bytes of SHAKE256(seed ‖ "/" ‖ decimal n). Provers draw in
the order in which the page names the values; a number below a bound that is no power of two takes 128 bits more and is
reduced; units and masks that have to avoid zero are drawn again until they do.
"""
import hashlib
import json
import pathlib
from math import gcd

HERE = pathlib.Path(__file__).parent
P256K = 2**256 - 2**32 - 977
Q = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
BITS, ELL, ELL_PRIME, EPSILON, M = 2048, 256, 1280, 512, 128
W = BITS // 8


class Rng:
    def __init__(self, seed):
        self.seed, self.count = seed, 0

    def __call__(self, length):
        self.count += 1
        return hashlib.shake_256(f'{self.seed}/{self.count - 1}'.encode()).digest(length)

    def bits(self, count):
        return int.from_bytes(self(-(-count // 8)), 'big') % 2**count

    def below(self, bound):
        return self.bits(bound.bit_length() + 128) % bound

    def unit(self, modulus):
        while True:
            value = self.below(modulus)
            if gcd(value, modulus) == 1:
                return value

    def mask(self, count):
        while True:
            value = self.bits(count)
            if value % Q:
                return value


# The curve

def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P256K == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P256K)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P256K)
    x = (slope * slope - a[0] - b[0]) % P256K
    return x, (slope * (a[0] - x) - a[1]) % P256K


def mul(point, scalar):
    total, scalar = None, scalar % Q
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def encode(point):
    return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, 'big')


# Transcript, docs/spec/zk.md §4

def framed(label, *fields):
    tag = label.encode()
    out = len(tag).to_bytes(8, 'big') + tag + len(fields).to_bytes(8, 'big')
    for field in fields:
        out += len(field).to_bytes(8, 'big') + field
    return out


def shake(length, label, *fields):
    return hashlib.shake_256(framed(label, *fields)).digest(length)


def be(number, width=W):
    return number.to_bytes(width, 'big')


SID, PROVER, VERIFIER, CONTEXT = hashlib.sha256(b'zk/sid').digest(), 1, 2, b'step'
SIZES = b''.join(n.to_bytes(4, 'big') for n in (BITS, ELL, ELL_PRIME, EPSILON, M))


def H(length, label, *values):
    parties = PROVER.to_bytes(2, 'big') + VERIFIER.to_bytes(2, 'big')
    return shake(length, 'quorate/v1/zk/' + label, SID, parties, CONTEXT, SIZES, *values)


def challenge(label, *values):
    return int.from_bytes(H(48, label, *values), 'big') % Q


# Paillier, docs/spec/zk.md §2

def encrypt(N, m, rho):
    return pow(1 + N, m, N * N) * pow(rho, N, N * N) % (N * N)


def decrypt(p, q, c):
    N, order = p * q, (p - 1) * (q - 1)
    m = (pow(c, order, N * N) - 1) // N * pow(order, -1, N) % N
    return m - N if m > N // 2 else m


# Proofs: each returns the bytes on the wire

def count(n):
    return n.to_bytes(4, 'big')


def jacobi(a, n):
    a, sign = a % n, 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0


def fourth_root(u, signed, p, q):
    """u to the power ((p+1)/4)² modulo each prime if ±u = signed is a square, or None."""
    roots = []
    for prime in (p, q):
        if pow(signed, (prime - 1) // 2, prime) != 1:
            return None
        roots.append(pow(u, ((prime + 1) // 4) ** 2, prime))
    return (roots[1] + q * ((roots[0] - roots[1]) * pow(q, -1, p) % p)) % (p * q)


def prove_mod(p, q, rng):
    N = p * q
    w = rng.below(N)
    while jacobi(w, N) != -1:
        w = rng.below(N)
    seed = H(32, 'mod', be(N), be(w))
    out = be(w) + count(M)
    for i in range(M):
        y = int.from_bytes(shake(W + 16, 'quorate/v1/zk/mod/round', seed, count(i)), 'big') % N
        z = pow(y, pow(N, -1, (p - 1) * (q - 1)), N)
        for signs in range(4):
            u = w ** (signs & 1) * y % N
            signed = (-1) ** (signs >> 1) * u % N
            x = fourth_root(u, signed, p, q)
            if x is not None:
                assert pow(x, 4, N) == signed
                out += be(x) + bytes([signs]) + be(z)
                break
    return out


def prove_prm(N, s, t, lam, phi, rng):
    a = [rng.below(phi) for _ in range(M)]
    A = [pow(t, exponent, N) for exponent in a]
    e = H(M // 8, 'prm', be(N), be(s), be(t), *map(be, A))
    z = [(exponent + (e[i // 8] >> i % 8 & 1) * lam) % phi for i, exponent in enumerate(a)]
    return count(M) + b''.join(map(be, A)) + count(M) + b''.join(map(be, z))


def prove_fac(p, q, aux, rng):
    N, (R, s, t) = p * q, aux
    n = BITS // 2
    alpha, beta = rng.bits(ELL + EPSILON + n), rng.bits(ELL + EPSILON + n)
    mu, nu = rng.bits(ELL + BITS), rng.bits(ELL + BITS)
    sigma, r = rng.bits(ELL + 2 * BITS), rng.bits(ELL + EPSILON + 2 * BITS)
    x, y = rng.bits(ELL + EPSILON + BITS), rng.bits(ELL + EPSILON + BITS)
    com = lambda a, b: pow(s, a, R) * pow(t, b, R) % R
    Pc, Qc, A, B = com(p, mu), com(q, nu), com(alpha, x), com(beta, y)
    T = pow(Qc, alpha, R) * pow(t, r, R) % R
    wide = (ELL + 2 * BITS) // 8
    e = challenge('fac', *map(be, (N, R, s, t, Pc, Qc, A, B, T)), be(sigma, wide))
    z1, z2, w1, w2 = alpha + e * p, beta + e * q, x + e * mu, y + e * nu
    v = r + e * (sigma - nu * p)
    assert pow(Qc, z1, R) * pow(t, v, R) % R == T * pow(com(N, sigma), e, R) % R
    return (b''.join(map(be, (Pc, Qc, A, B, T))) + be(sigma, wide)
            + b''.join(be(value, (ELL + EPSILON + n) // 8) for value in (z1, z2))
            + b''.join(be(value, (ELL + EPSILON + BITS) // 8) for value in (w1, w2))
            + be(v, (ELL + EPSILON + 2 * BITS) // 8))


def prove_log_star(N, C, X, aux, x, rho, rng):
    R, s, t = aux
    alpha, mu = rng.mask(ELL + EPSILON), rng.bits(ELL + BITS)
    gamma, r = rng.bits(ELL + EPSILON + BITS), rng.unit(N)
    S = pow(s, x, R) * pow(t, mu, R) % R
    A, Y = encrypt(N, alpha, r), mul(G, alpha)
    D = pow(s, alpha, R) * pow(t, gamma, R) % R
    e = challenge('log-star', be(N), be(C, 2 * W), encode(X), be(R), be(s), be(t), be(S), be(A, 2 * W),
                  encode(Y), be(D))
    z1, z2, z3 = alpha + e * x, r * pow(rho, e, N) % N, gamma + e * mu
    return (be(S) + be(A, 2 * W) + encode(Y) + be(D) + be(z1, (ELL + EPSILON) // 8) + be(z2)
            + be(z3, (ELL + EPSILON + BITS) // 8))


def prove_aff_g(N, C, D, base, X, Y, aux, a, b, nu, rng):
    R, s, t = aux
    alpha, beta = rng.mask(ELL + EPSILON), rng.mask(ELL_PRIME + EPSILON)
    r = rng.unit(N)
    gamma, delta = (rng.bits(ELL + EPSILON + BITS) for _ in range(2))
    m, mu = (rng.bits(ELL + BITS) for _ in range(2))
    com = lambda x, y: pow(s, x, R) * pow(t, y, R) % R
    A = pow(C, alpha, N * N) * encrypt(N, beta, r) % (N * N)
    Bx, By = mul(base, alpha), mul(base, beta)
    E, S, F, T = com(alpha, gamma), com(a, m), com(beta, delta), com(b, mu)
    e = challenge('aff-g', be(N), be(C, 2 * W), be(D, 2 * W), encode(base), encode(X), encode(Y),
                  be(A, 2 * W), encode(Bx), encode(By), *map(be, (R, s, t, E, S, F, T)))
    z1, z2, z3, z4 = alpha + e * a, beta + e * b, gamma + e * m, delta + e * mu
    w = r * pow(nu, e, N) % N
    left = pow(C, z1, N * N) * encrypt(N, z2, w) % (N * N)
    assert left == A * pow(D, e, N * N) % (N * N)
    return (be(A, 2 * W) + encode(Bx) + encode(By) + b''.join(map(be, (E, S, F, T)))
            + be(z1, (ELL + EPSILON) // 8) + be(z2, (ELL_PRIME + EPSILON) // 8)
            + be(z3, (ELL + EPSILON + BITS) // 8) + be(z4, (ELL + EPSILON + BITS) // 8) + be(w))


# Known answers

def digest(data):
    return {'length': len(data), 'sha256': hashlib.sha256(data).hexdigest()}


def paillier_vectors(p, q):
    rng, N = Rng('model/paillier'), p * q
    plaintexts = [0, 1, -1, 2, Q - 1, -Q, 2**1793, -2**1793, (N - 1) // 2, -((N - 1) // 2),
                  rng.below(N // 2), -rng.below(N // 2)]
    vectors = []
    for m in plaintexts:
        rho = rng.unit(N)
        c = encrypt(N, m, rho)
        assert decrypt(p, q, c) == m
        vectors.append({'m': str(m), 'rho': hex(rho), 'c': hex(c)})
    combinations = []
    for a, x, b in [(Q - 1, Q - 1, -Q * 2**900), (1, 5, -6), (3, -7, 2**1280), (0, 9, -1)]:
        rho, nu = rng.unit(N), rng.unit(N)
        c = encrypt(N, x, rho)
        d = pow(c, a, N * N) * encrypt(N, b, nu) % (N * N)
        assert decrypt(p, q, d) == a * x + b
        combinations.append({'a': str(a), 'b': str(b), 'C': hex(c), 'nu': hex(nu), 'D': hex(d),
                             'plaintext': str(a * x + b)})
    return {'encryptions': vectors, 'combinations': combinations}


def pedersen(p, q, seed):
    rng, N, phi = Rng(seed), p * q, (p - 1) * (q - 1)
    tau = rng.below(N)
    lam = rng.below(phi)
    t = tau * tau % N
    return N, pow(t, lam, N), t, lam, phi


def main():
    primes = json.loads((HERE / '../../vectors/primes/2048.json').read_text())['primes']
    p, q, pp, qq = (int(prime, 16) for prime in primes[:4])
    N = p * q
    R, s, t, lam, phi = pedersen(pp, qq, 'model/pedersen')
    aux = (R, s, t)
    rng = Rng('model/witness')
    x, rho = rng.bits(255), rng.unit(N)
    C, X = encrypt(N, x, rho), mul(G, x)
    a, b, nu, base = rng.bits(255), rng.bits(ELL_PRIME), rng.unit(N), mul(G, rng.bits(255))
    D = pow(C, a, N * N) * encrypt(N, b, nu) % (N * N)
    proofs = {
        'mod': prove_mod(p, q, Rng('model/mod')),
        'prm': prove_prm(R, s, t, lam, phi, Rng('model/prm')),
        'fac': prove_fac(p, q, aux, Rng('model/fac')),
        'logStar': prove_log_star(N, C, X, aux, x, rho, Rng('model/log-star')),
        'affG': prove_aff_g(N, C, D, base, mul(base, a), mul(base, b), aux, a, b, nu, Rng('model/aff-g')),
    }
    statement = {'C': hex(C), 'D': hex(D), 'X': encode(X).hex(), 'base': encode(base).hex(),
                 'aux': {'N': hex(R), 's': hex(s), 't': hex(t)}}
    print(json.dumps({
        'paillier': paillier_vectors(p, q),
        'statement': statement,
        'proofs': {name: digest(proof) for name, proof in proofs.items()},
    }, indent=1))


if __name__ == '__main__':
    main()
