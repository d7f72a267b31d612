package quorate.card.simulator;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The memory that a card keeps without power: the applet's objects, and the platform's key and PIN objects, without
 * transient arrays. jCardSim has no roll-back of its own.
 */
final class PersistentMemory {
  private final List<Runnable> restore = new ArrayList<>();
  private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Takes a picture of all that is reachable from an applet. */
  PersistentMemory(Object applet, Predicate<Object> isTransient) {
    Deque<Object> open = new ArrayDeque<>(List.of(applet));
    while (!open.isEmpty()) {
      Object next = open.pop();
      if (!isTransient.test(next) && seen.add(next)) {
        if (next.getClass().isArray()) {
          keepArray(next, open);
        } else {
          keepObject(next, open);
        }
      }
    }
  }

  /** The objects and arrays of the picture. */
  Set<Object> objects() {
    return seen;
  }

  /** Puts everything back. */
  void restore() {
    restore.forEach(Runnable::run);
  }

  private void keepArray(Object array, Deque<Object> open) {
    int length = Array.getLength(array);
    Object copy = Array.newInstance(array.getClass().getComponentType(), length);
    System.arraycopy(array, 0, copy, 0, length);
    restore.add(() -> System.arraycopy(copy, 0, array, 0, length));
    if (array instanceof Object[] objects) {
      Arrays.stream(objects).filter(PersistentMemory::isOnCard).forEach(open::add);
    }
  }

  private void keepObject(Object object, Deque<Object> open) {
    for (Class<?> type = object.getClass(); type != null; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers()) || !isCardClass(type)) {
          continue;
        }
        try {
          field.setAccessible(true);
          Object value = field.get(object);
          if (!Modifier.isFinal(field.getModifiers())) {
            restore.add(() -> set(field, object, value));
          }
          if (isOnCard(value)) {
            open.add(value);
          }
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private static void set(Field field, Object object, Object value) {
    try {
      field.set(object, value);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isOnCard(Object value) {
    return value != null && (value.getClass().isArray() || isCardClass(value.getClass()));
  }

  /** The applet, PINs and keys; not the engines of the simulator, which keep nothing without power. */
  private static boolean isCardClass(Class<?> type) {
    String name = type.getName();
    return name.startsWith("quorate.card.")
        || name.equals("javacard.framework.OwnerPIN")
        || name.equals("com.licel.jcardsim.crypto.ByteContainer")
        || (name.startsWith("com.licel.jcardsim.crypto.") && name.contains("Key"));
  }
}
