package quorate.card;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.CryptoException;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.KeyBuilder;
import javacard.security.KeyPair;
import javacard.security.MessageDigest;
import javacard.security.Signature;

/** The card's own key, the keys that authorise, and what each signs. docs/spec/chip.md §3. */
final class Identity {
  static final byte READ = 0x12;
  static final byte DELETE = 0x14;
  static final short HASH = 32;
  /** Record id ‖ address ‖ session hash ‖ digest ‖ challenge. */
  static final short ACCESS = 132;
  /** New authorisation key ‖ challenge. */
  static final short ROTATION = 81;

  /** "quorate-se/v1" */
  private static final byte[] ACCESS_LABEL = {
    'q', 'u', 'o', 'r', 'a', 't', 'e', '-', 's', 'e', '/', 'v', '1',
  };
  /** "quorate-se/v1/register" */
  private static final byte[] REGISTER_LABEL = {
    'q', 'u', 'o', 'r', 'a', 't', 'e', '-', 's', 'e', '/', 'v', '1',
    '/', 'r', 'e', 'g', 'i', 's', 't', 'e', 'r',
  };
  /** "quorate-se/v1/session" */
  private static final byte[] SESSION_LABEL = {
    'q', 'u', 'o', 'r', 'a', 't', 'e', '-', 's', 'e', '/', 'v', '1',
    '/', 's', 'e', 's', 's', 'i', 'o', 'n',
  };
  /** "quorate-se/v1/rotate" */
  private static final byte[] ROTATE_LABEL = {
    'q', 'u', 'o', 'r', 'a', 't', 'e', '-', 's', 'e', '/', 'v', '1',
    '/', 'r', 'o', 't', 'a', 't', 'e',
  };

  /** "quorate-se/v1/unblock" */
  private static final byte[] UNBLOCK_LABEL = {
    'q', 'u', 'o', 'r', 'a', 't', 'e', '-', 's', 'e', '/', 'v', '1',
    '/', 'u', 'n', 'b', 'l', 'o', 'c', 'k',
  };

  private final ECPublicKey publicKey;
  private final ECPrivateKey privateKey;
  private final KeyPair keyPair;
  /** The other one is written while this one is in use: a key object is never half of two keys. */
  private final ECPublicKey firstAuthority;
  private final ECPublicKey secondAuthority;
  private final Signature signature;
  private final MessageDigest digest;
  private final byte[] stateCounter;
  private final byte[] work;
  private boolean isSecond;

  Identity(byte[] stateCounter, byte[] work) {
    this.stateCounter = stateCounter;
    this.work = work;
    publicKey = makePublicKey();
    firstAuthority = makePublicKey();
    secondAuthority = makePublicKey();
    privateKey =
        (ECPrivateKey)
            KeyBuilder.buildKey(
                KeyBuilder.TYPE_EC_FP_PRIVATE, KeyBuilder.LENGTH_EC_FP_256, false);
    Curve.setParameters(privateKey);
    keyPair = new KeyPair(publicKey, privateKey);
    signature = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false);
    digest = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
  }

  private static ECPublicKey makePublicKey() {
    ECPublicKey key =
        (ECPublicKey)
            KeyBuilder.buildKey(KeyBuilder.TYPE_EC_FP_PUBLIC, KeyBuilder.LENGTH_EC_FP_256, false);
    Curve.setParameters(key);
    return key;
  }

  /** Takes the first authorisation key. It is nothing before the caller's transaction. */
  void setAuthority(byte[] authority) {
    firstAuthority.setW(authority, (short) 0, Curve.POINT);
    isSecond = false;
  }

  /** Makes the card's key, and tells whether its halves belong together: a platform once gave others. */
  boolean create(byte[] scratch) {
    keyPair.genKeyPair();
    begin(SESSION_LABEL);
    short length = signature.sign(work, (short) 0, Curve.POINT, scratch, (short) 0);
    signature.init(publicKey, Signature.MODE_VERIFY);
    signature.update(SESSION_LABEL, (short) 0, (short) SESSION_LABEL.length);
    signature.update(work, (short) 0, Curve.POINT);
    boolean isPair = signature.verify(work, (short) 0, Curve.POINT, scratch, (short) 0, length);
    Util.arrayFillNonAtomic(scratch, (short) 0, length, (byte) 0);
    return isPair;
  }

  short getPublicKey(byte[] answer) {
    return publicKey.getW(answer, (short) 0);
  }

  /** SHA-256 of the authorisation key. */
  void fingerprint(byte[] answer, short offset) {
    short length = authority().getW(work, (short) 0);
    digest.doFinal(work, (short) 0, length, answer, offset);
  }

  /** Signs label ‖ public key ‖ CPLC ‖ nonce(32). */
  short signRegistration(byte[] cplc, byte[] nonce, byte[] answer) {
    begin(REGISTER_LABEL);
    signature.update(cplc, (short) 0, (short) cplc.length);
    return signature.sign(nonce, (short) 0, HASH, answer, (short) 0);
  }

  /** Signs label ‖ public key ‖ payload. */
  short signSession(byte[] payload, short length, byte[] answer) {
    begin(SESSION_LABEL);
    return signature.sign(payload, (short) 0, length, answer, (short) 0);
  }

  /** SHA-256 of what {@link #signSession} signs. */
  void hashSession(byte[] payload, short length, byte[] hash) {
    short keyLength = publicKey.getW(work, (short) 0);
    digest.update(SESSION_LABEL, (short) 0, (short) SESSION_LABEL.length);
    digest.update(work, (short) 0, keyLength);
    digest.doFinal(payload, (short) 0, length, hash, (short) 0);
  }

  /** Whether the DER after the access authorises this operation with it. */
  boolean authorises(byte operation, byte[] access, short length) {
    expect(ACCESS_LABEL, operation);
    return verifies(access, ACCESS, ACCESS, length);
  }

  /** Whether the DER after the rotation is the old authorisation key's. */
  boolean authorisesRotation(byte[] rotation, short length) {
    expect(ROTATE_LABEL, (byte) 0);
    return verifies(rotation, ROTATION, ROTATION, length);
  }

  /** Whether the DER at a place authorises one try of the PUK with the challenge at the beginning. */
  boolean authorisesUnblock(byte[] data, short der, short length) {
    expect(UNBLOCK_LABEL, (byte) 0);
    return verifies(data, Command.CHALLENGE, der, length);
  }

  /** Replaces the authorisation key. */
  void rotate(byte[] authority) {
    (isSecond ? firstAuthority : secondAuthority).setW(authority, (short) 0, Curve.POINT);
    JCSystem.beginTransaction();
    isSecond = !isSecond;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }

  private ECPublicKey authority() {
    return isSecond ? secondAuthority : firstAuthority;
  }

  private void begin(byte[] label) {
    signature.init(privateKey, Signature.MODE_SIGN);
    signature.update(label, (short) 0, (short) label.length);
    short length = publicKey.getW(work, (short) 0);
    signature.update(work, (short) 0, length);
  }

  /** Begins to verify label ‖ operation, unless 0 ‖ public key ‖ what follows. */
  private void expect(byte[] label, byte operation) {
    signature.init(authority(), Signature.MODE_VERIFY);
    signature.update(label, (short) 0, (short) label.length);
    if (operation != 0) {
      work[0] = operation;
      signature.update(work, (short) 0, (short) 1);
    }
    short keyLength = publicKey.getW(work, (short) 0);
    signature.update(work, (short) 0, keyLength);
  }

  /** The message is at the beginning, and the DER goes from its place to the end. */
  private boolean verifies(byte[] data, short message, short der, short end) {
    short length = (short) (end - der);
    if (!Der.isSignature(data, der, length)) {
      return false;
    }
    try {
      return signature.verify(data, (short) 0, message, data, der, length);
    } catch (CryptoException e) {
      return false;
    }
  }
}
