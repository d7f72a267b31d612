package quorate.card;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;
import javacard.security.RandomData;
import javacardx.crypto.Cipher;

/**
 * 100 records of used(1) ‖ record id(32) ‖ address(20) ‖ IV(16) ‖ AES-256-CBC(secret)(32) ‖ release count(4).
 *
 * <p>Secrets are encrypted under a key that was made here and is a key object of the platform, so that persistent
 * memory outside of key objects holds none in clear (E-7).
 */
final class Records {
  static final short CAPACITY = 100;
  static final short ID = 32;
  static final short SECRET = 32;
  /** Record id and address. */
  static final short NAME = 52;

  private static final short IV = 16;
  private static final short NAME_AT = 1;
  private static final short IV_AT = (short) (NAME_AT + NAME);
  private static final short SECRET_AT = (short) (IV_AT + IV);
  private static final short COUNT_AT = (short) (SECRET_AT + SECRET);
  private static final short SLOT = (short) (COUNT_AT + Counter.LENGTH);

  private final byte[] slots;
  private final byte[] empty;
  private final byte[] stateCounter;
  private final byte[] work;
  private final RandomData random;
  private final AESKey key;
  private final Cipher cipher;

  Records(byte[] stateCounter, byte[] work, RandomData random) {
    this.stateCounter = stateCounter;
    this.work = work;
    this.random = random;
    slots = new byte[(short) (CAPACITY * SLOT)];
    empty = new byte[SLOT];
    key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_256, false);
    cipher = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false);
  }

  /** Makes the key of the secrets. */
  void makeKey() {
    random.nextBytes(work, (short) 0, SECRET);
    key.setKey(work, (short) 0);
    Util.arrayFillNonAtomic(work, (short) 0, SECRET, (byte) 0);
  }

  byte used() {
    byte used = 0;
    for (short at = 0; at < (short) slots.length; at += SLOT) {
      used += slots[at];
    }
    return used;
  }

  /** Stores record id ‖ address ‖ secret and gives the slot. Never overwrites. */
  byte store(byte[] array) {
    if (find(array) >= 0) {
      ISOException.throwIt(Status.RECORD_EXISTS);
    }
    short at = 0;
    while (at < (short) slots.length && slots[at] != 0) {
      at += SLOT;
    }
    if (at == (short) slots.length) {
      ISOException.throwIt(Status.FULL);
    }
    random.nextBytes(work, (short) 0, IV);
    cipher.init(key, Cipher.MODE_ENCRYPT, work, (short) 0, IV);
    cipher.doFinal(array, NAME, SECRET, work, IV);
    JCSystem.beginTransaction();
    Util.arrayCopy(array, (short) 0, slots, (short) (at + NAME_AT), NAME);
    Util.arrayCopy(work, (short) 0, slots, (short) (at + IV_AT), (short) (IV + SECRET));
    slots[at] = 1;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
    return (byte) (at / SLOT);
  }

  /** Where the record with this record id and address is; 6A88 when there is none. */
  short locate(byte[] array) {
    short at = find(array);
    if (at < 0 || Util.arrayCompare(slots, (short) (at + NAME_AT), array, (short) 0, NAME) != 0) {
      ISOException.throwIt(Status.RECORD_NOT_FOUND);
    }
    return at;
  }

  /** Counts a release, and then gives secret ‖ release count. */
  short release(short at, byte[] answer) {
    JCSystem.beginTransaction();
    Counter.increment(slots, (short) (at + COUNT_AT));
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
    cipher.init(key, Cipher.MODE_DECRYPT, slots, (short) (at + IV_AT), IV);
    cipher.doFinal(slots, (short) (at + SECRET_AT), SECRET, answer, (short) 0);
    Util.arrayCopyNonAtomic(slots, (short) (at + COUNT_AT), answer, SECRET, Counter.LENGTH);
    return (short) (SECRET + Counter.LENGTH);
  }

  /** Overwrites a record; its slot is free. */
  void erase(short at) {
    JCSystem.beginTransaction();
    Util.arrayCopy(empty, (short) 0, slots, at, SLOT);
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }

  private short find(byte[] recordId) {
    for (short at = 0; at < (short) slots.length; at += SLOT) {
      short id = (short) (at + NAME_AT);
      if (slots[at] != 0 && Util.arrayCompare(slots, id, recordId, (short) 0, ID) == 0) {
        return at;
      }
    }
    return (short) -1;
  }
}
