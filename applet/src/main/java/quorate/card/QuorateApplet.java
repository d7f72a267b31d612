package quorate.card;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.CardRuntimeException;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.TransactionException;
import javacard.framework.Util;
import javacardx.apdu.ExtendedLength;

/**
 * The command set of docs/spec/chip.md on a Java Card: form, order of checks, and the way in and out. {@link Commands}
 * has the effects of the commands.
 *
 * <p>All memory is taken when the applet is installed.
 */
public final class QuorateApplet extends Applet implements ExtendedLength {
  private static final byte CLA = (byte) 0x80;
  private static final short CPLC_TAG = (short) 0x9F7F;

  private final Commands commands;
  private final byte[] input;
  private final byte[] selected;
  private final byte[] broken;

  private QuorateApplet(byte[] array, short offset) {
    input = JCSystem.makeTransientByteArray(Command.MAX_DATA, JCSystem.CLEAR_ON_DESELECT);
    selected = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_DESELECT);
    broken = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
    commands = new Commands(input, array, offset);
  }

  /**
   * Installs an instance. Parameters: CPLC(42) ‖ flags(1); bit 7 says that the card is a program, bit 6 lets it take
   * PINs over a contactless interface.
   */
  public static void install(byte[] array, short offset, byte length) {
    short control = (short) (offset + 1 + (array[offset] & 0xFF));
    short data = (short) (control + 1 + (array[control] & 0xFF));
    if (array[data] != Commands.INSTALL_DATA) {
      ISOException.throwIt(Status.WRONG_DATA);
    }
    QuorateApplet applet = new QuorateApplet(array, (short) (data + 1));
    if (array[offset] == 0) {
      applet.register();
    } else {
      applet.register(array, (short) (offset + 1), array[offset]);
    }
  }

  @Override
  public void process(APDU apdu) {
    try {
      if (broken[0] != 0) {
        ISOException.throwIt(Status.MEMORY_FAILURE);
      }
      answer(apdu, apdu.getBuffer());
    } catch (TransactionException e) {
      // The memory's content is now unknown, so the card stays silent until its power returns.
      broken[0] = 1;
      ISOException.throwIt(Status.MEMORY_FAILURE);
    } catch (ISOException e) {
      ISOException.throwIt(e.getReason());
    } catch (CardRuntimeException e) {
      ISOException.throwIt(Status.FAILURE);
    } finally {
      commands.wipe();
    }
  }

  private void answer(APDU apdu, byte[] buffer) {
    byte cla = buffer[ISO7816.OFFSET_CLA];
    byte ins = buffer[ISO7816.OFFSET_INS];
    short parameters = Util.getShort(buffer, ISO7816.OFFSET_P1);
    if (selectingApplet() || (cla == ISO7816.CLA_ISO7816 && ins == ISO7816.INS_SELECT)) {
      select(apdu, buffer, parameters);
      return;
    }
    if (cla != CLA) {
      ISOException.throwIt(Status.UNKNOWN_CLASS);
    }
    if (ins == Command.GET_CPLC) {
      if (parameters != CPLC_TAG) {
        ISOException.throwIt(Status.RECORD_NOT_FOUND);
      }
    } else {
      if (selected[0] == 0 || !commands.isKnown(ins)) {
        ISOException.throwIt(Status.UNKNOWN_INSTRUCTION);
      }
      if (Command.carriesPin(ins) && !hasContact() && !commands.takesPinsWithoutContact()) {
        ISOException.throwIt(Status.CONTACT_ONLY);
      }
      if (!Command.takes(ins, parameters)) {
        ISOException.throwIt(Status.WRONG_PARAMETERS);
      }
    }
    // The parameters of GET CPLC have no meaning for its lengths.
    short kind = ins == Command.PERSONALISE ? parameters : 0;
    short length =
        receive(apdu, buffer, Command.shortest(ins, kind), Command.longest(ins, kind));
    short longest = Command.answerOf(ins);
    if (longest == 0) {
      commands.run(ins, kind, length, buffer);
      return;
    }
    checkAnswerFits(apdu.setOutgoing(), longest);
    short answer = commands.run(ins, kind, length, buffer);
    apdu.setOutgoingLength(answer);
    apdu.sendBytes((short) 0, answer);
  }

  /** Whoever comes near a contactless card could use up its tries, or listen to its PIN. */
  private static boolean hasContact() {
    byte media = (byte) (APDU.getProtocol() & APDU.PROTOCOL_MEDIA_MASK);
    return media == APDU.PROTOCOL_MEDIA_DEFAULT || media == APDU.PROTOCOL_MEDIA_USB;
  }

  /** Only the whole AID selects, although the platform selects with a part of it. */
  private void select(APDU apdu, byte[] buffer, short parameters) {
    if (parameters != (short) 0x0400) {
      ISOException.throwIt(Status.WRONG_PARAMETERS);
    }
    short received = apdu.setIncomingAndReceive();
    short offset = apdu.getOffsetCdata();
    if (!selectingApplet() || !JCSystem.getAID().equals(buffer, offset, (byte) received)) {
      ISOException.throwIt(Status.FILE_NOT_FOUND);
    }
    selected[0] = 1;
  }

  /** Takes the command's data into own memory, and out of the buffer that the platform lends. */
  private short receive(APDU apdu, byte[] buffer, short shortest, short longest) {
    boolean isT0 = (byte) (APDU.getProtocol() & APDU.PROTOCOL_TYPE_MASK) == APDU.PROTOCOL_T0;
    if (longest == 0 && isT0) {
      return 0; // with T=0 this byte of the header is Le
    }
    short received = apdu.setIncomingAndReceive();
    short length = apdu.getIncomingLength();
    short offset = apdu.getOffsetCdata();
    if (length < shortest || length > longest) {
      ISOException.throwIt(Status.WRONG_LENGTH);
    }
    short at = 0;
    while (received > 0 && received <= (short) (length - at)) {
      Util.arrayCopyNonAtomic(buffer, offset, input, at, received);
      Util.arrayFillNonAtomic(buffer, offset, received, (byte) 0);
      at += received;
      received = at < length ? apdu.receiveBytes(offset) : 0;
    }
    if (at != length) {
      ISOException.throwIt(Status.WRONG_LENGTH);
    }
    return length;
  }

  /** Refuses before anything happens, so that no answer is lost after a challenge or a try was spent. */
  private static void checkAnswerFits(short le, short longest) {
    if (le > 0 && le < longest) {
      ISOException.throwIt((short) (Status.WRONG_LE | longest));
    }
  }
}
