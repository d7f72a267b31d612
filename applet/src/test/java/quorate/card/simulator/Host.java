package quorate.card.simulator;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/** A host that knows nothing but bytes, and its authorisation key; signatures are those of Java, not of the card. */
public final class Host {
  public static final byte[] PIN = "314159".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  public static final byte[] PUK = "PUK-27182818".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  public static final byte[] SELECT = SimulatedCard.hex("00A4040009F051554F5241544501");
  private static final String LABEL = "quorate-se/v1";

  public final SimulatedCard card;
  public final Random random;
  public KeyPair authority = makeKeyPair();

  /** Answer of a card, split. */
  public record Answer(int status, byte[] data) {
    public Answer orThrow() {
      if (status != 0x9000) {
        throw new IllegalStateException("status word " + Integer.toHexString(status));
      }
      return this;
    }
  }

  /** A record on the card. */
  public record Stored(byte[] id, byte[] address, byte[] secret) {}

  public Host(SimulatedCard card, Random random) {
    this.card = card;
    this.random = random;
  }

  /** A host with a card that is selected, personalised and verified. */
  public static Host ready(SimulatedCard card, Random random) {
    Host host = new Host(card, random);
    host.send(SELECT).orThrow();
    host.command(0x06, host.authorityBytes(), PIN).orThrow();
    host.command(0x20, PIN).orThrow();
    return host;
  }

  /** A host with a card that is selected, personalised with a PUK and verified. */
  public static Host readyWithPuk(SimulatedCard card, Random random) {
    Host host = new Host(card, random);
    host.send(SELECT).orThrow();
    host.send(host.personalisation()).orThrow();
    host.command(0x20, PIN).orThrow();
    return host;
  }

  /** PERSONALISE with a PUK. */
  public byte[] personalisation() {
    byte[] apdu = apdu(0x06, authorityBytes(), new byte[] {(byte) PIN.length}, PIN, PUK);
    apdu[2] = 1;
    return apdu;
  }

  /** Three wrong PINs. */
  public void block() {
    while (info().tries() > 0) {
      command(0x20, ascii("000000"));
    }
  }

  /** UNBLOCK with a new challenge. */
  public byte[] unblocking(byte[] puk, byte[] pin) {
    byte[] challenge = command(0x84).orThrow().data;
    byte[] signature = sign(join(ascii(LABEL + "/unblock"), publicKey(), challenge));
    byte[] pukLength = {(byte) puk.length};
    byte[] pinLength = {(byte) pin.length};
    return apdu(0x2C, challenge, pukLength, puk, pinLength, pin, signature);
  }

  public Answer send(byte[] apdu) {
    byte[] bytes = card.transmit(apdu);
    if (bytes.length == 0) {
      return new Answer(-1, bytes);
    }
    int at = bytes.length - 2;
    return new Answer((bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF, Arrays.copyOf(bytes, at));
  }

  public Answer command(int ins, byte[]... parts) {
    return send(apdu(ins, parts));
  }

  public static byte[] apdu(int ins, byte[]... parts) {
    byte[] data = join(parts);
    byte[] head = {(byte) 0x80, (byte) ins, 0, 0};
    return data.length == 0 ? head : join(head, new byte[] {(byte) data.length}, data);
  }

  /** Power off and on, and select. */
  public void powerUp() {
    card.reset();
    send(SELECT).orThrow();
  }

  public Stored store() {
    Stored record = new Stored(bytes(32), bytes(20), bytes(32));
    command(0x10, record.id, record.address, record.secret).orThrow();
    return record;
  }

  public byte[] publicKey() {
    return command(0x04).orThrow().data;
  }

  public byte[] authorityBytes() {
    return encode((ECPublicKey) authority.getPublic());
  }

  /** A session that the card signed: its hash. */
  public byte[] session() {
    byte[] payload = bytes(171);
    command(0x08, payload).orThrow();
    return sha256(join(ascii(LABEL + "/session"), publicKey(), payload));
  }

  /** The whole command of an authorised READ or DELETE, with a new session and challenge. */
  public byte[] access(int operation, Stored record) {
    return access(operation, record, session());
  }

  public byte[] access(int operation, Stored record, byte[] session) {
    byte[] challenge = command(0x84).orThrow().data;
    byte[] access = join(record.id, record.address, session, bytes(32), challenge);
    byte[] message = join(ascii(LABEL), new byte[] {(byte) operation}, publicKey(), access);
    return apdu(operation, access, sign(message));
  }

  public byte[] rotation(KeyPair next) {
    byte[] challenge = command(0x84).orThrow().data;
    byte[] change = join(encode((ECPublicKey) next.getPublic()), challenge);
    byte[] message = join(ascii(LABEL + "/rotate"), publicKey(), change);
    return apdu(0x07, change, sign(message));
  }

  /** GET INFO taken apart. */
  public record Info(int used, int tries, int flags, String fingerprint, int counter) {
    /** Tries of the PUK; −1 without one. */
    public int pukTries() {
      return (flags & 2) == 0 ? -1 : flags >> 2 & 15;
    }
  }

  public Info info() {
    byte[] data = command(0x02).orThrow().data;
    String hex = HexFormat.of().formatHex(data);
    int counter = new BigInteger(1, Arrays.copyOfRange(data, 38, 42)).intValueExact();
    return new Info(data[3], data[4], data[5] & 0xFF, hex.substring(12, 76), counter);
  }

  public boolean proves(byte[] cplc) {
    byte[] nonce = bytes(32);
    byte[] key = publicKey();
    byte[] der = command(0x09, nonce).orThrow().data;
    return verifies(key, join(ascii(LABEL + "/register"), key, cplc, nonce), der);
  }

  private byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(authority.getPrivate());
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean verifies(byte[] point, byte[] message, byte[] der) {
    try {
      BigInteger x = new BigInteger(1, Arrays.copyOfRange(point, 1, 33));
      BigInteger y = new BigInteger(1, Arrays.copyOfRange(point, 33, 65));
      ECPublicKey any = (ECPublicKey) makeKeyPair().getPublic();
      PublicKey key =
          KeyFactory.getInstance("EC")
              .generatePublic(new ECPublicKeySpec(new ECPoint(x, y), any.getParams()));
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initVerify(key);
      signature.update(message);
      return signature.verify(der);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public static KeyPair makeKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** 04 ‖ x ‖ y */
  public static byte[] encode(ECPublicKey key) {
    byte[] bytes = new byte[65];
    bytes[0] = 4;
    put(bytes, 33, key.getW().getAffineX());
    put(bytes, 65, key.getW().getAffineY());
    return bytes;
  }

  /** Puts a natural number of at most 32 bytes so that it ends before a place. */
  public static void put(byte[] bytes, int end, BigInteger number) {
    byte[] digits = number.toByteArray();
    int length = Math.min(32, digits.length);
    System.arraycopy(digits, digits.length - length, bytes, end - length, length);
  }

  public static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  public static byte[] ascii(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  public static byte[] join(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    return joined.toByteArray();
  }
}
