package quorate.card.simulator;

/** The power goes. An Error, so that nothing on the card can catch it. */
final class PowerCut extends Error {
  private static final long serialVersionUID = 1L;

  PowerCut() {
    super("power cut", null, false, false);
  }
}
