package quorate.card.simulator;

import com.licel.jcardsim.base.Simulator;
import java.security.SecureRandom;
import java.util.Arrays;
import javacard.framework.AID;
import javacard.framework.Applet;
import quorate.card.QuorateApplet;

/**
 * A card: the applet on jCardSim, and around it what a card's own system does, which jCardSim leaves out: the form of
 * an APDU, GET CPLC before the applet is selected, answers while no applet is selected.
 */
public final class SimulatedCard {
  /** T=1 only; the historical bytes are "QUORATE". */
  static final byte[] ATR = withCheck(0x3B, 0x87, 0x01, 'Q', 'U', 'O', 'R', 'A', 'T', 'E');

  static final byte[] AID = hex("F051554F5241544501");

  private static final byte[] MUTE = {};
  private static final int WRONG_LENGTH = 0x6700;
  private static final int MAX_AID = 16;

  static {
    // jCardSim's random numbers are the same on every start unless it is told otherwise.
    System.setProperty("com.licel.jcardsim.randomdata.secure", "1");
  }

  private final AtomicRuntime runtime = new AtomicRuntime();
  private final Simulator simulator = new Simulator(runtime);
  private final byte[] cplc = new byte[42];

  /** A blank card with a random serial number. */
  public SimulatedCard() {
    this(QuorateApplet.class);
  }

  SimulatedCard(Class<? extends Applet> applet) {
    this(applet, 0x80);
  }

  /** A blank card whose applet is installed with these flags. */
  SimulatedCard(Class<? extends Applet> applet, int flags) {
    byte[] serial = new byte[8];
    new SecureRandom().nextBytes(serial);
    System.arraycopy(serial, 0, cplc, 12, 4);
    System.arraycopy(serial, 4, cplc, 38, 4);
    simulator.changeProtocol("T=1");
    byte[] parameters = installParameters(cplc, flags);
    AID aid = new AID(AID, (short) 0, (byte) AID.length);
    simulator.installApplet(aid, applet, parameters, (short) 0, (byte) parameters.length);
    reset();
  }

  /** AID, control data and the applet's own, each with its length before it. */
  static byte[] installParameters(byte[] cplc, int flags) {
    byte[] parameters = new byte[1 + AID.length + 1 + 1 + cplc.length + 1];
    parameters[0] = (byte) AID.length;
    System.arraycopy(AID, 0, parameters, 1, AID.length);
    parameters[2 + AID.length] = (byte) (cplc.length + 1);
    System.arraycopy(cplc, 0, parameters, 3 + AID.length, cplc.length);
    parameters[parameters.length - 1] = (byte) flags;
    return parameters;
  }

  /** Speaks another protocol from now on, by the simulator's name of it. */
  void use(String protocol) {
    simulator.changeProtocol(protocol);
  }

  AtomicRuntime runtime() {
    return runtime;
  }

  /** Power off and on: memory without power is gone, an open transaction too. */
  public void reset() {
    simulator.reset();
  }

  /** Power off and on, and off directly after the nth write. */
  public void resetAndCutAfterWrite(int count) {
    reset();
    runtime.cutAfterWrite(count);
  }

  /** Answers one command; no bytes when the card has no power. */
  public byte[] transmit(byte[] bytes) {
    if (!runtime.hasPower()) {
      return MUTE;
    }
    CommandForm form = CommandForm.of(bytes);
    if (form == null) {
      return status(WRONG_LENGTH);
    }
    byte[] answer = dispatch(form, bytes);
    return runtime.hasPower() ? answer : MUTE;
  }

  private byte[] dispatch(CommandForm form, byte[] bytes) {
    if ((bytes[0] & 0xFC) == 0 && bytes[0] != 0) {
      return status(0x6E00); // there is one channel
    }
    boolean isSelect = bytes[0] == 0 && bytes[1] == (byte) 0xA4;
    boolean isByName = isSelect && bytes[2] == 4 && bytes[3] == 0;
    if (isByName && form.dataLength() == 0) {
      return status(0x6A82); // and no default applet
    }
    if (isByName && form.dataLength() <= MAX_AID) {
      byte[] answer = simulator.transmitCommand(form.shortForm(bytes));
      boolean isUnknown = answer.length == 2 && answer[0] == 0x69 && answer[1] == (byte) 0x99;
      return isUnknown ? status(0x6A82) : answer;
    }
    if (runtime.getAID() == null) {
      return isByName ? status(0x6A82) : answerAlone(form, bytes);
    }
    return simulator.transmitCommand(isByName ? form.extendedForm(bytes) : form.whole(bytes));
  }

  /** While no applet is selected. */
  private byte[] answerAlone(CommandForm form, byte[] bytes) {
    boolean isCplc = bytes[1] == (byte) 0xCA;
    if (bytes[0] == 0 && bytes[1] == (byte) 0xA4) {
      return status(0x6A86);
    }
    if (bytes[0] != (byte) 0x80) {
      return status(0x6E00);
    }
    if (!isCplc) {
      return status(0x6D00);
    }
    if (bytes[2] != (byte) 0x9F || bytes[3] != 0x7F) {
      return status(0x6A88);
    }
    if (form.dataLength() > 0) {
      return status(WRONG_LENGTH);
    }
    if (form.le() > 0 && form.le() < 45) {
      return status(0x6C00 | 45);
    }
    byte[] answer = Arrays.copyOf(hex("9F7F2A"), 47);
    System.arraycopy(cplc, 0, answer, 3, 42);
    answer[45] = (byte) 0x90;
    return answer;
  }

  static byte[] status(int word) {
    return new byte[] {(byte) (word >> 8), (byte) word};
  }

  static byte[] hex(String text) {
    return java.util.HexFormat.of().parseHex(text);
  }

  private static byte[] withCheck(int... bytes) {
    byte[] atr = new byte[bytes.length + 1];
    for (int at = 0; at < bytes.length; at++) {
      atr[at] = (byte) bytes[at];
      atr[bytes.length] ^= at == 0 ? 0 : atr[at];
    }
    return atr;
  }
}
