package quorate.card;

/** Status words. docs/spec/chip.md §4. */
final class Status {
  static final short AUTHORISATION_REFUSED = (short) 0x6300;
  /** Low 4 bits: tries left. */
  static final short PIN_WRONG = (short) 0x63C0;
  static final short MEMORY_FAILURE = (short) 0x6581;
  static final short WRONG_LENGTH = (short) 0x6700;
  static final short PIN_REQUIRED = (short) 0x6982;
  static final short PIN_BLOCKED = (short) 0x6983;
  static final short CHALLENGE_UNKNOWN = (short) 0x6984;
  static final short CONDITIONS = (short) 0x6985;
  static final short WRONG_DATA = (short) 0x6A80;
  /** PINs and PUKs are taken over the contacts only. */
  static final short CONTACT_ONLY = (short) 0x6A81;
  static final short FILE_NOT_FOUND = (short) 0x6A82;
  static final short FULL = (short) 0x6A84;
  static final short WRONG_PARAMETERS = (short) 0x6A86;
  static final short RECORD_NOT_FOUND = (short) 0x6A88;
  static final short RECORD_EXISTS = (short) 0x6A89;
  /** Low byte: the length of the command's longest answer. */
  static final short WRONG_LE = (short) 0x6C00;
  static final short UNKNOWN_INSTRUCTION = (short) 0x6D00;
  static final short UNKNOWN_CLASS = (short) 0x6E00;
  static final short FAILURE = (short) 0x6F00;

  private Status() {}
}
