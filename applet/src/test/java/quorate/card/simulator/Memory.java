package quorate.card.simulator;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A look into the memory of a simulated card. */
final class Memory {
  private Memory() {}

  /** The objects of a class that the applet has. */
  static <T> List<T> find(SimulatedCard card, Class<T> type) {
    return card.runtime().takePicture().objects().stream()
        .filter(type::isInstance)
        .map(type::cast)
        .toList();
  }

  /** Whether these bytes are in an array of the applet, persistent or transient, outside of key and PIN objects. */
  static boolean holds(SimulatedCard card, byte[] bytes) {
    return card.runtime().takePicture().objects().stream()
        .filter(object -> object.getClass().getName().startsWith("quorate.card."))
        .flatMap(Memory::arraysOf)
        .anyMatch(array -> contains(array, bytes));
  }

  private static Stream<byte[]> arraysOf(Object object) {
    return Arrays.stream(object.getClass().getDeclaredFields())
        .filter(field -> field.getType() == byte[].class)
        .map(field -> valueOf(field, object));
  }

  private static byte[] valueOf(Field field, Object object) {
    try {
      field.setAccessible(true);
      return (byte[]) field.get(object);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean contains(byte[] array, byte[] bytes) {
    for (int at = 0; at + bytes.length <= array.length; at++) {
      if (Arrays.equals(array, at, at + bytes.length, bytes, 0, bytes.length)) {
        return true;
      }
    }
    return false;
  }

  /** Puts a value into an array of the commands, as years of use would. */
  static void age(SimulatedCard card, String name, byte[] value) {
    card.runtime().takePicture().objects().stream()
        .filter(object -> object.getClass().getName().equals("quorate.card.Commands"))
        .flatMap(object -> Arrays.stream(object.getClass().getDeclaredFields())
            .filter(field -> field.getName().equals(name))
            .map(field -> valueOf(field, object)))
        .forEach(array -> System.arraycopy(value, 0, array, 0, value.length));
  }
}
