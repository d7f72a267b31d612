package quorate.card;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.RandomData;

/** The input, output, conditions and effect of each command. docs/spec/chip.md §3. */
final class Commands {
  /** CPLC ‖ flags. */
  static final short INSTALL_DATA = 43;

  private static final short CPLC = 42;
  private static final short CPLC_TAG = (short) 0x9F7F;
  private static final short CHALLENGE = Command.CHALLENGE;
  private static final short VERSION = (short) 0x0101;
  private static final byte MAX_ATTEMPTS = 3;
  private static final byte FLAG_PERSONALISED = 0x01;
  private static final byte FLAG_PUK = 0x02;
  /** Where the tries of the PUK are in the flags. */
  private static final byte PUK_TRIES_SHIFT = 2;
  private static final byte FLAG_CONTACTLESS = 0x40;
  private static final byte FLAG_SOFTWARE = (byte) 0x80;
  /** Security: not 1, so that no single bit verifies. */
  private static final byte VERIFIED = (byte) 0xA5;

  private final byte[] input;
  private final byte[] work;
  private final byte[] cplc;
  private final byte[] stateCounter;
  private final byte[] pinVerified;
  private final byte flags;
  private final RecentList challenges;
  private final RecentList sessions;
  private final RandomData random;
  private final Curve curve;
  private final Pin pin;
  private final Pin puk;
  private final Identity identity;
  private final Records records;
  private boolean isPersonalised;
  private boolean hasPuk;

  Commands(byte[] input, byte[] array, short offset) {
    this.input = input;
    work = JCSystem.makeTransientByteArray(Curve.POINT, JCSystem.CLEAR_ON_DESELECT);
    pinVerified = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
    cplc = new byte[CPLC];
    Util.arrayCopy(array, offset, cplc, (short) 0, CPLC);
    flags = (byte) (array[(short) (offset + CPLC)] & (FLAG_SOFTWARE | FLAG_CONTACTLESS));
    stateCounter = new byte[Counter.LENGTH];
    challenges = new RecentList(CHALLENGE);
    sessions = new RecentList(Identity.HASH);
    random = RandomData.getInstance(RandomData.ALG_KEYGENERATION);
    curve = new Curve();
    pin = new Pin(stateCounter, Pin.TRIES);
    puk = new Pin(stateCounter, Pin.PUK_TRIES);
    identity = new Identity(stateCounter, work);
    records = new Records(stateCounter, work, random);
  }

  /** Whether there is such a command; without a PUK there is no UNBLOCK. */
  boolean isKnown(byte ins) {
    return Command.isKnown(ins) && (ins != Command.UNBLOCK || hasPuk);
  }

  /** Whether PINs are taken over a contactless interface, too. */
  boolean takesPinsWithoutContact() {
    return (flags & FLAG_CONTACTLESS) != 0;
  }

  /** Runs a command on the input and gives the length of the answer. */
  short run(byte ins, short parameters, short length, byte[] answer) {
    checkNeeds(ins);
    switch (ins) {
      case Command.GET_CPLC:
        return getCplc(answer);
      case Command.GET_INFO:
        return getInfo(answer);
      case Command.GET_PUBLIC_KEY:
        return identity.getPublicKey(answer);
      case Command.GET_CHALLENGE:
        return getChallenge(answer);
      case Command.PERSONALISE:
        return personalise(parameters == Command.WITH_PUK, length, answer);
      case Command.ROTATE:
        return rotate(length);
      case Command.SIGN_SESSION:
        return signSession(length, answer);
      case Command.REGISTER:
        return identity.signRegistration(cplc, input, answer);
      case Command.STORE:
        return store(answer);
      case Command.READ:
        return records.release(authorised(Command.READ, length), answer);
      case Command.DELETE:
        return delete(length, answer);
      case Command.VERIFY:
        return verify(length);
      case Command.UNBLOCK:
        return unblock(length);
      default:
        return changePin(length);
    }
  }

  void forgetPin() {
    pinVerified[0] = 0;
  }

  /** Overwrites what commands and their data left in memory. */
  void wipe() {
    Util.arrayFillNonAtomic(input, (short) 0, Command.MAX_DATA, (byte) 0);
    Util.arrayFillNonAtomic(work, (short) 0, Curve.POINT, (byte) 0);
  }

  private void checkNeeds(byte ins) {
    switch (ins) {
      case Command.GET_CPLC:
      case Command.GET_INFO:
      case Command.GET_CHALLENGE:
      case Command.PERSONALISE:
      case Command.UNBLOCK:
        return;
      default:
        check(isPersonalised, Status.CONDITIONS);
    }
    if (ins != Command.GET_PUBLIC_KEY && ins != Command.VERIFY && ins != Command.CHANGE_PIN) {
      check(pinVerified[0] == VERIFIED, Status.PIN_REQUIRED);
    }
  }

  private static void check(boolean condition, short status) {
    if (!condition) {
      ISOException.throwIt(status);
    }
  }

  private short getCplc(byte[] answer) {
    Util.setShort(answer, (short) 0, CPLC_TAG);
    answer[2] = (byte) CPLC;
    return Util.arrayCopyNonAtomic(cplc, (short) 0, answer, (short) 3, CPLC);
  }

  private short getInfo(byte[] answer) {
    Util.setShort(answer, (short) 0, VERSION);
    answer[2] = (byte) Records.CAPACITY;
    answer[3] = records.used();
    answer[4] = pin.triesLeft();
    if (isPersonalised) {
      answer[5] = (byte) (flags | FLAG_PERSONALISED);
      if (hasPuk) {
        answer[5] |= (byte) (FLAG_PUK | puk.triesLeft() << PUK_TRIES_SHIFT);
      }
      identity.fingerprint(answer, (short) 6);
    } else {
      answer[5] = flags;
      Util.arrayFillNonAtomic(answer, (short) 6, Identity.HASH, (byte) 0);
    }
    return Util.arrayCopyNonAtomic(
        stateCounter, (short) 0, answer, (short) (6 + Identity.HASH), Counter.LENGTH);
  }

  private short getChallenge(byte[] answer) {
    random.nextBytes(answer, (short) 0, CHALLENGE);
    challenges.add(answer, (short) 0);
    return CHALLENGE;
  }

  /** Everything is made first; the one write at the end makes it count. */
  private short personalise(boolean withPuk, short length, byte[] scratch) {
    check(!isPersonalised, Status.CONDITIONS);
    short pinAt = withPuk ? (short) (Curve.POINT + 1) : Curve.POINT;
    short pinLength = (short) (length - pinAt);
    if (withPuk) {
      pinLength = (short) (input[Curve.POINT] & 0xFF);
    }
    short pukAt = (short) (pinAt + pinLength);
    short pukLength = (short) (length - pukAt);
    check(isPinLength(pinLength), Status.WRONG_LENGTH);
    check(!withPuk || isPukLength(pukLength), Status.WRONG_LENGTH);
    check(curve.isPoint(input, (short) 0), Status.WRONG_DATA);
    byte attempts = 1;
    while (!identity.create(scratch)) {
      check(attempts < MAX_ATTEMPTS, Status.FAILURE);
      attempts++;
    }
    identity.setAuthority(input);
    records.makeKey();
    pin.setFirst(input, pinAt, pinLength);
    if (withPuk) {
      puk.setFirst(input, pukAt, pukLength);
    }
    JCSystem.beginTransaction();
    isPersonalised = true;
    hasPuk = withPuk;
    Counter.increment(stateCounter, (short) 0);
    JCSystem.commitTransaction();
    return 0;
  }

  private short rotate(short length) {
    check(challenges.remove(input, Curve.POINT), Status.CHALLENGE_UNKNOWN);
    check(curve.isPoint(input, (short) 0), Status.WRONG_DATA);
    check(identity.authorisesRotation(input, length), Status.AUTHORISATION_REFUSED);
    identity.rotate(input);
    return 0;
  }

  private short signSession(short length, byte[] answer) {
    short signed = identity.signSession(input, length, answer);
    identity.hashSession(input, length, work);
    sessions.remove(work, (short) 0);
    sessions.add(work, (short) 0);
    return signed;
  }

  private short store(byte[] answer) {
    answer[0] = records.store(input);
    answer[1] = records.used();
    return (short) 2;
  }

  private short delete(short length, byte[] answer) {
    records.erase(authorised(Command.DELETE, length));
    answer[0] = records.used();
    return (short) 1;
  }

  /** Where the record is that an authorisation opens. The challenge is spent whatever happens next. */
  private short authorised(byte operation, short length) {
    short challenge = (short) (Identity.ACCESS - CHALLENGE);
    check(challenges.remove(input, challenge), Status.CHALLENGE_UNKNOWN);
    check(sessions.contains(input, Records.NAME), Status.CONDITIONS);
    short record = records.locate(input);
    boolean isAuthorised = identity.authorises(operation, input, length);
    check(isAuthorised, Status.AUTHORISATION_REFUSED);
    return record;
  }

  private short verify(short length) {
    forgetPin();
    pin.check(input, (short) 0, length);
    pinVerified[0] = VERIFIED;
    return 0;
  }

  private short changePin(short length) {
    short oldLength = (short) (input[0] & 0xFF);
    short newAt = (short) (1 + oldLength);
    short newLength = (short) (length - newAt);
    check(isPinLength(oldLength) && isPinLength(newLength), Status.WRONG_LENGTH);
    forgetPin();
    pin.check(input, (short) 1, oldLength);
    pin.change(input, newAt, newLength);
    pinVerified[0] = VERIFIED;
    return 0;
  }

  /**
   * challenge ‖ length ‖ PUK ‖ length ‖ new PIN ‖ DER.
   *
   * <p>Security: the authorisation comes before the PUK, so that a host without one cannot use its tries up.
   */
  private short unblock(short length) {
    short pukAt = (short) (CHALLENGE + 1);
    short pukLength = (short) (input[CHALLENGE] & 0xFF);
    check(isPukLength(pukLength), Status.WRONG_LENGTH);
    short pinAt = (short) (pukAt + pukLength + 1);
    short pinLength = (short) (input[(short) (pinAt - 1)] & 0xFF);
    short der = (short) (pinAt + pinLength);
    boolean isDer = length >= (short) (der + Command.MIN_DER);
    check(isPinLength(pinLength) && isDer, Status.WRONG_LENGTH);
    check(length <= (short) (der + Command.MAX_DER), Status.WRONG_LENGTH);
    check(pin.triesLeft() == 0, Status.CONDITIONS);
    check(challenges.remove(input, (short) 0), Status.CHALLENGE_UNKNOWN);
    check(identity.authorisesUnblock(input, der, length), Status.AUTHORISATION_REFUSED);
    puk.take(input, pukAt, pukLength);
    pin.unblock(puk, input, pinAt, pinLength);
    return 0;
  }

  private static boolean isPukLength(short length) {
    return length >= Pin.PUK_MIN && length <= Pin.MAX;
  }

  private static boolean isPinLength(short length) {
    return length >= Pin.MIN && length <= Pin.MAX;
  }
}
