package quorate.card.simulator;

import java.util.Arrays;

/** Where data and Le are in a command APDU. docs/spec/chip.md §1. */
record CommandForm(int dataAt, int dataLength, int le) {
  private static final int HEADER = 4;

  /** The form of an APDU, or null when its lengths do not add up. Le is 0 when there is none. */
  static CommandForm of(byte[] bytes) {
    int body = bytes.length - HEADER;
    if (body < 0) {
      return null;
    }
    if (body == 0) {
      return new CommandForm(HEADER, 0, 0);
    }
    int first = bytes[HEADER] & 0xFF;
    if (body == 1) {
      return new CommandForm(HEADER, 0, first == 0 ? 256 : first);
    }
    if (first == 0) {
      return ofExtended(bytes, body);
    }
    int rest = body - 1 - first;
    if (rest != 0 && rest != 1) {
      return null;
    }
    int le = rest == 0 ? 0 : bytes[bytes.length - 1] & 0xFF;
    return new CommandForm(HEADER + 1, first, rest == 1 && le == 0 ? 256 : le);
  }

  private static CommandForm ofExtended(byte[] bytes, int body) {
    if (body < 3) {
      return null;
    }
    int length = word(bytes, HEADER + 1);
    if (body == 3) {
      return new CommandForm(HEADER + 3, 0, length == 0 ? 65_536 : length);
    }
    int rest = body - 3 - length;
    if (length == 0 || (rest != 0 && rest != 2)) {
      return null;
    }
    int le = rest == 0 ? 0 : word(bytes, bytes.length - 2);
    return new CommandForm(HEADER + 3, length, rest == 2 && le == 0 ? 65_536 : le);
  }

  private static int word(byte[] bytes, int at) {
    return (bytes[at] & 0xFF) << 8 | bytes[at + 1] & 0xFF;
  }

  /** SELECT in short form without Le: jCardSim selects by no other. */
  byte[] shortForm(byte[] bytes) {
    byte[] command = Arrays.copyOf(bytes, HEADER + 1 + dataLength);
    command[HEADER] = (byte) dataLength;
    System.arraycopy(bytes, dataAt, command, HEADER + 1, dataLength);
    return command;
  }

  /** The longest short command in extended form: jCardSim's short buffer lacks a byte for it. */
  byte[] whole(byte[] bytes) {
    return dataLength == 255 ? extendedForm(bytes) : bytes;
  }

  /** A command with data in extended form, which jCardSim gives to the applet and never selects by. */
  byte[] extendedForm(byte[] bytes) {
    if (dataAt != HEADER + 1) {
      return bytes;
    }
    byte[] command = new byte[HEADER + 3 + dataLength + (le > 0 ? 2 : 0)];
    System.arraycopy(bytes, 0, command, 0, HEADER);
    command[HEADER + 2] = (byte) dataLength;
    System.arraycopy(bytes, dataAt, command, HEADER + 3, dataLength);
    if (le > 0) {
      command[command.length - 2] = (byte) (le >> 8);
      command[command.length - 1] = (byte) le;
    }
    return command;
  }
}
