package quorate.card;

/** The commands: instruction bytes, lengths of data, lengths of answers. docs/spec/chip.md §3. */
final class Command {
  static final byte GET_INFO = 0x02;
  static final byte GET_PUBLIC_KEY = 0x04;
  static final byte PERSONALISE = 0x06;
  static final byte ROTATE = 0x07;
  static final byte SIGN_SESSION = 0x08;
  static final byte REGISTER = 0x09;
  static final byte STORE = 0x10;
  static final byte READ = Identity.READ;
  static final byte DELETE = Identity.DELETE;
  static final byte VERIFY = 0x20;
  static final byte CHANGE_PIN = 0x24;
  static final byte UNBLOCK = 0x2C;
  static final byte GET_CHALLENGE = (byte) 0x84;
  static final byte GET_CPLC = (byte) 0xCA;

  static final short MAX_DATA = (short) (Identity.ACCESS + 72);
  static final short CHALLENGE = 16;
  static final short MIN_DER = 8;
  static final short MAX_DER = 72;
  /** P1 P2 of a PERSONALISE that sets a PUK. */
  static final short WITH_PUK = (short) 0x0100;

  private static final short PAYLOAD = 171;
  private static final short INFO = 42;

  private Command() {}

  static boolean isKnown(byte ins) {
    return longest(ins) >= 0 && ins != GET_CPLC;
  }

  /** Whether a command carries a PIN or PUK, which is not for every interface. */
  static boolean carriesPin(byte ins) {
    return ins == PERSONALISE || ins == VERIFY || ins == CHANGE_PIN || ins == UNBLOCK;
  }

  /** Whether P1 P2 of a command may be these: zeros, and 01 00 where PERSONALISE sets a PUK. */
  static boolean takes(byte ins, short parameters) {
    return parameters == 0 || (ins == PERSONALISE && parameters == WITH_PUK);
  }

  /** The shortest data of a command with these P1 P2. */
  static short shortest(byte ins, short parameters) {
    if (parameters == WITH_PUK) {
      return (short) (Curve.POINT + 1 + Pin.MIN + Pin.PUK_MIN);
    }
    switch (ins) {
      case PERSONALISE:
        return (short) (Curve.POINT + Pin.MIN);
      case ROTATE:
        return (short) (Identity.ROTATION + MIN_DER);
      case READ:
      case DELETE:
        return (short) (Identity.ACCESS + MIN_DER);
      case VERIFY:
        return Pin.MIN;
      case CHANGE_PIN:
        return (short) (1 + Pin.MIN + Pin.MIN);
      case UNBLOCK:
        return (short) (CHALLENGE + 1 + Pin.PUK_MIN + 1 + Pin.MIN + MIN_DER);
      default:
        return longest(ins);
    }
  }

  /** The longest data of a command with these P1 P2. */
  static short longest(byte ins, short parameters) {
    return parameters == WITH_PUK ? (short) (Curve.POINT + 1 + Pin.MAX + Pin.MAX) : longest(ins);
  }

  /** The longest data of a command without parameters, or −1 when there is no such command. */
  private static short longest(byte ins) {
    switch (ins) {
      case GET_INFO:
      case GET_PUBLIC_KEY:
      case GET_CHALLENGE:
      case GET_CPLC:
        return 0;
      case PERSONALISE:
        return (short) (Curve.POINT + Pin.MAX);
      case ROTATE:
        return (short) (Identity.ROTATION + MAX_DER);
      case SIGN_SESSION:
        return PAYLOAD;
      case REGISTER:
        return Identity.HASH;
      case STORE:
        return (short) (Records.NAME + Records.SECRET);
      case READ:
      case DELETE:
        return MAX_DATA;
      case VERIFY:
        return Pin.MAX;
      case CHANGE_PIN:
        return (short) (1 + Pin.MAX + Pin.MAX);
      case UNBLOCK:
        return (short) (CHALLENGE + 1 + Pin.MAX + 1 + Pin.MAX + MAX_DER);
      default:
        return (short) -1;
    }
  }

  /** The longest answer of a command. */
  static short answerOf(byte ins) {
    switch (ins) {
      case GET_CPLC:
        return (short) (3 + 42);
      case GET_INFO:
        return INFO;
      case GET_PUBLIC_KEY:
        return Curve.POINT;
      case GET_CHALLENGE:
        return CHALLENGE;
      case SIGN_SESSION:
      case REGISTER:
        return MAX_DER;
      case STORE:
        return (short) 2;
      case READ:
        return (short) (Records.SECRET + Counter.LENGTH);
      case DELETE:
        return (short) 1;
      default:
        return 0;
    }
  }
}
