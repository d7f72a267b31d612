package quorate.card;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.OwnerPIN;

/**
 * The PIN, or the PUK, and its tries.
 *
 * <p>The value is the platform's OwnerPIN, which compares it. The tries that count are kept here, so that a try and
 * the state counter are one write. The platform's own tries never run out before: each attempt lowers these first.
 */
final class Pin {
  static final short MIN = 4;
  static final short MAX = 16;
  static final short PUK_MIN = 8;
  static final byte TRIES = 3;
  static final byte PUK_TRIES = 10;

  private final OwnerPIN value;
  private final byte[] stateCounter;
  private final byte allTries;
  private byte triesLeft;

  Pin(byte[] stateCounter, byte tries) {
    this.stateCounter = stateCounter;
    allTries = tries;
    triesLeft = tries;
    value = new OwnerPIN(tries, (byte) MAX);
  }

  byte triesLeft() {
    return triesLeft;
  }

  /** Sets the first value. Not a transaction: the caller's follows, and the value is nothing before it. */
  void setFirst(byte[] array, short offset, short length) {
    value.update(array, offset, (byte) length);
    triesLeft = allTries;
  }

  /** Compares; a right one has all its tries again. */
  void check(byte[] array, short offset, short length) {
    take(array, offset, length);
    writeTries(allTries);
  }

  /**
   * Takes a try and compares; who calls it gives the tries back after a right one.
   *
   * <p>Security: the try is written before the comparison, so that a power cut between costs it (E-6).
   */
  void take(byte[] array, short offset, short length) {
    byte left = (byte) (triesLeft - 1);
    if (left < 0) {
      ISOException.throwIt(Status.PIN_BLOCKED);
    }
    writeTries(left);
    if (!value.check(array, offset, (byte) length)) {
      ISOException.throwIt((short) (Status.PIN_WRONG | left));
    }
  }

  /** Replaces the PIN; the old one was checked. */
  void change(byte[] array, short offset, short length) {
    JCSystem.beginTransaction();
    value.update(array, offset, (byte) length);
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }

  /** Replaces a blocked PIN; the PUK was right. Both have all their tries in the same write. */
  void unblock(Pin puk, byte[] array, short offset, short length) {
    JCSystem.beginTransaction();
    value.update(array, offset, (byte) length);
    triesLeft = allTries;
    puk.triesLeft = puk.allTries;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }

  private void writeTries(byte tries) {
    JCSystem.beginTransaction();
    triesLeft = tries;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
  }
}
