package quorate.card.simulator;

/** The places of an instrumented applet where the power can go. Called from its bytecode. */
public final class Tear {
  private static final ThreadLocal<Tear> ARMED = new ThreadLocal<>();

  private final AtomicRuntime runtime;
  private int placesLeft;

  private Tear(AtomicRuntime runtime, int place) {
    this.runtime = runtime;
    placesLeft = place;
  }

  /** The power of a card goes at the nth place from now, in this thread. */
  static void arm(SimulatedCard card, int place) {
    ARMED.set(new Tear(card.runtime(), place));
  }

  static void disarm() {
    ARMED.remove();
  }

  /** Before a write, or a call of the platform. */
  public static void place() {
    Tear tear = ARMED.get();
    if (tear != null && --tear.placesLeft <= 0) {
      tear.runtime.cut();
    }
  }
}
