package quorate.card;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/** Checks the content of the compiled applet. */
class BytecodeTest {
  private static final String PACKAGE = "quorate/card/";
  private static final Set<String> ALLOCATING_CALLS =
      Set.of("makeTransientByteArray", "getInstance", "buildKey", "<init>");

  /** Method → what it calls; method → the memory that it takes. */
  private static final Map<String, List<String>> calls = new HashMap<>();
  private static final Map<String, List<String>> allocations = new HashMap<>();
  private static final Set<String> types = new HashSet<>();

  @BeforeAll
  static void read() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("target", "classes"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".class")).toList()) {
        new ClassReader(Files.readAllBytes(file)).accept(new Reader(), 0);
      }
    }
    assertTrue(calls.size() > 40, "the applet's methods were read");
  }

  @Test
  @DisplayName("E-7: no command takes memory: all of it is taken when the applet is installed")
  void memory() {
    Deque<String> open = new ArrayDeque<>();
    calls.keySet().stream()
        .filter(method -> method.startsWith(PACKAGE + "QuorateApplet.process("))
        .forEach(open::add);
    assertEquals(1, open.size());
    Set<String> reached = new HashSet<>();
    List<String> found = new ArrayList<>();
    while (!open.isEmpty()) {
      String method = open.pop();
      if (reached.add(method)) {
        found.addAll(allocations.getOrDefault(method, List.of()));
        open.addAll(calls.getOrDefault(method, List.of()));
      }
    }
    assertEquals(List.of(), found);
    assertTrue(reached.contains(PACKAGE + "Identity.rotate([B)V"), "the walk reaches commands");
    List<String> taken = allocations.get(PACKAGE + "RecentList.<init>(S)V");
    assertEquals(2, taken.size() - 1, "the walk would see memory being taken: " + taken);
  }

  @Test
  @DisplayName("the applet uses the Java Card API and its own classes, and no type that Java Card lacks")
  void api() {
    Set<String> allowed = Set.of("java/lang/Object", "Z", "B", "S", "V");
    List<String> foreign =
        types.stream()
            .filter(type -> !allowed.contains(type))
            .filter(type -> !type.startsWith("javacard/") && !type.startsWith("javacardx/"))
            .filter(type -> !type.startsWith(PACKAGE))
            .toList();
    assertEquals(List.of(), foreign);
    assertTrue(types.contains("javacard/framework/OwnerPIN"));
  }

  private static void addType(Type type) {
    if (type.getSort() == Type.METHOD) {
      addType(type.getReturnType());
      Stream.of(type.getArgumentTypes()).forEach(BytecodeTest::addType);
    } else if (type.getSort() == Type.ARRAY) {
      assertEquals(1, type.getDimensions());
      addType(type.getElementType());
    } else {
      types.add(type.getSort() == Type.OBJECT ? type.getInternalName() : type.getDescriptor());
    }
  }

  private static final class Reader extends ClassVisitor {
    private String owner;

    Reader() {
      super(Opcodes.ASM9);
    }

    @Override
    public void visit(int version, int access, String name, String of, String parent, String[] is) {
      owner = name;
      addType(Type.getObjectType(parent));
      Stream.of(is).map(Type::getObjectType).forEach(BytecodeTest::addType);
    }

    @Override
    public FieldVisitor visitField(int access, String name, String type, String of, Object value) {
      addType(Type.getType(type));
      return null;
    }

    @Override
    public MethodVisitor visitMethod(int access, String name, String type, String of, String[] is) {
      addType(Type.getMethodType(type));
      String method = owner + "." + name + type;
      calls.put(method, new ArrayList<>());
      return new Body(method);
    }
  }

  private static final class Body extends MethodVisitor {
    private final String method;

    Body(String method) {
      super(Opcodes.ASM9);
      this.method = method;
    }

    private void allocates(String what) {
      allocations.computeIfAbsent(method, key -> new ArrayList<>()).add(method + ": " + what);
    }

    @Override
    public void visitMethodInsn(int code, String on, String name, String type, boolean isOn) {
      addType(Type.getObjectType(on));
      addType(Type.getMethodType(type));
      calls.get(method).add(on + "." + name + type);
      if (!on.startsWith(PACKAGE) && ALLOCATING_CALLS.contains(name)) {
        allocates(on + "." + name);
      }
    }

    @Override
    public void visitFieldInsn(int code, String on, String name, String type) {
      addType(Type.getObjectType(on));
      addType(Type.getType(type));
    }

    @Override
    public void visitTypeInsn(int code, String type) {
      addType(Type.getObjectType(type));
      if (code == Opcodes.NEW || code == Opcodes.ANEWARRAY) {
        allocates(type);
      }
    }

    @Override
    public void visitIntInsn(int code, int operand) {
      if (code == Opcodes.NEWARRAY) {
        allocates("array");
      }
    }

    @Override
    public void visitMultiANewArrayInsn(String type, int dimensions) {
      allocates(type);
    }

    @Override
    public void visitLdcInsn(Object value) {
      assertTrue(value instanceof Integer, method + ": constant " + value);
    }

    @Override
    public void visitInvokeDynamicInsn(String name, String type, org.objectweb.asm.Handle by, Object... with) {
      throw new AssertionError(method + ": " + name);
    }
  }
}
