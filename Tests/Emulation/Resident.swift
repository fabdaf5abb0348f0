// Resident.swift — AArch64 code that stays in an emulated processor from call to call: for a million short runs
// SPDX-License-Identifier: MIT

internal import CUnicorn

/// A core at EL1 with its MMU off, and memory that is the host's, so that looking at it costs nothing. No callback is made
/// for what it does, unless `watchBlocks` asks for it. Registers and memory keep what a call leaves in them.
///
/// libunicorn keeps code that it has translated: code is placed before the first call.
public final class Resident {
  public enum End: Equatable, Sendable {
    /// It went to the return address.
    case returned
    /// It stopped by itself, as with `wfi`, behind this address; or it executed as many instructions as it was allowed to.
    case stopped(at: UInt64)
    /// What libunicorn says, and where.
    case fault(String, at: UInt64)
  }

  /// The register that is the stack pointer; the others are x0 to x30.
  public static let sp = 31
  private static let count = 32

  private let engine: OpaquePointer
  private var memory: [(base: UInt64, bytes: UnsafeMutableRawBufferPointer)] = []
  private let values = UnsafeMutablePointer<UInt64>.allocate(capacity: count)
  private let pointers = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: count)
  private let names = UnsafeMutablePointer<Int32>.allocate(capacity: count)
  private let uart = EmulatedUART()
  private let blocks = Blocks()

  public init() throws(EmulationError) {
    var engine: OpaquePointer?
    try check(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine), "aarch64")
    guard let engine else { throw EmulationError(description: "aarch64: no engine") }
    self.engine = engine
    values.initialize(repeating: 0, count: Self.count)
    for index in 0..<Self.count {
      (pointers + index).initialize(to: UnsafeMutableRawPointer(values + index))
      let name =
        switch index {
        case 0...28: UC_ARM64_REG_X0.id + Int32(index)
        case 29: UC_ARM64_REG_X29.id
        case 30: UC_ARM64_REG_X30.id
        default: UC_ARM64_REG_SP.id
        }
      (names + index).initialize(to: name)
    }
  }

  deinit {
    uc_close(engine)
    for piece in memory { piece.bytes.deallocate() }
    values.deallocate()
    pointers.deallocate()
    names.deallocate()
  }

  /// Places zeros: whole pages.
  public func map(_ range: Range<UInt64>) throws(EmulationError) {
    let size = Int(range.upperBound - range.lowerBound)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: Int(Emulated.pageSize))
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    memory.append((range.lowerBound, bytes))
    try check(
      uc_mem_map_ptr(engine, range.lowerBound, .init(size), UC_PROT_ALL.rawValue, bytes.baseAddress),
      "memory at 0x\(String(range.lowerBound, radix: 16))")
  }

  public subscript(x index: Int) -> UInt64 {
    get { values[index] }
    set { values[index] = newValue }
  }

  /// Calls what is at an address, which is to return to `end`.
  public func call(_ address: UInt64, returningTo end: UInt64, limit: Int? = nil) throws(EmulationError)
    -> End
  {
    values[30] = end
    return try resume(at: address, until: end, limit: limit)
  }

  /// Goes on at an address with the registers as they are.
  public func resume(at address: UInt64, until end: UInt64, limit: Int? = nil) throws(EmulationError) -> End {
    try check(uc_reg_write_batch(engine, names, pointers, Int32(Self.count)), "registers")
    let status = uc_emu_start(engine, address, end, 0, limit ?? 0)
    try check(uc_reg_read_batch(engine, names, pointers, Int32(Self.count)), "registers")
    var pc: UInt64 = 0
    try check(uc_reg_read(engine, UC_ARM64_REG_PC.id, &pc), "pc")
    if status != UC_ERR_OK { return .fault(text(of: status), at: pc) }
    return pc == end ? .returned : .stopped(at: pc)
  }
}

// MARK: - What is executed

extension Resident {
  /// Notes the blocks of instructions that are executed from now on: each ends with a branch, an exception or a page.
  public func watchBlocks() throws(EmulationError) {
    try check(
      cunicorn_hook_block(
        engine, { Blocks.from($3).note($1, $2) }, Unmanaged.passUnretained(blocks).toOpaque()), "hook")
  }

  public func takeBlocks() -> [Range<UInt64>] { blocks.take() }
}

/// As `EmulatedUART`, a pointer.
private final class Blocks {
  private var ends: [UInt64: UInt64] = [:]

  func note(_ start: UInt64, _ size: UInt32) { ends[start] = max(ends[start] ?? 0, start + UInt64(size)) }

  func take() -> [Range<UInt64>] {
    defer { ends = [:] }
    return ends.map { $0.key..<$0.value }
  }

  static func from(_ data: UnsafeMutableRawPointer?) -> Blocks {
    guard let data else { fatalError("libunicorn lost its callback's data") }
    return Unmanaged<Blocks>.fromOpaque(data).takeUnretainedValue()
  }
}

// MARK: - Memory

extension Resident {
  /// Writes bytes; nothing may have been executed there.
  public func place(_ bytes: [UInt8], at address: UInt64) {
    bytes.withUnsafeBytes { self.bytes(at: address, count: bytes.count).copyMemory(from: $0) }
  }

  public func place(_ word: UInt64, at address: UInt64) {
    bytes(at: address, count: 8).storeBytes(of: word.littleEndian, as: UInt64.self)
  }

  public func fill(at address: UInt64, count: Int, with byte: UInt8 = 0) {
    bytes(at: address, count: count).initializeMemory(as: UInt8.self, repeating: byte)
  }

  public func read(at address: UInt64, count: Int) -> [UInt8] {
    count == 0 ? [] : Array(bytes(at: address, count: count))
  }

  public func word(at address: UInt64) -> UInt64 {
    UInt64(littleEndian: bytes(at: address, count: 8).loadUnaligned(as: UInt64.self))
  }

  public func words(at address: UInt64, count: Int) -> [UInt64] {
    [UInt64](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(bytes(at: address, count: 8 * count)))
      initialized = count
    }
  }

  private func bytes(at address: UInt64, count: Int) -> UnsafeMutableRawBufferPointer {
    for piece in memory where address >= piece.base && address - piece.base < UInt64(piece.bytes.count) {
      let offset = Int(address - piece.base)
      return UnsafeMutableRawBufferPointer(rebasing: piece.bytes[offset..<offset + count])
    }
    fatalError("a test looks at 0x\(String(address, radix: 16)), where no memory is")
  }
}

// MARK: - A UART, and system registers

extension Resident {
  /// Puts a UART into the page at `address`: each store is a byte that it was sent, each load gives `status`.
  public func mapUART(at address: UInt64) throws(EmulationError) {
    let data = Unmanaged.passUnretained(uart).toOpaque()
    try check(
      uc_mmio_map(
        engine, address, .init(Emulated.pageSize),
        { _, offset, size, data in EmulatedUART.from(data).load(offset, size) }, data,
        { _, offset, size, value, data in EmulatedUART.from(data).store(offset, size, value) }, data),
      "UART")
  }

  /// What has been sent to the UART since the last time.
  public func takeOutput() -> String { uart.take() }

  /// What the UART's loads give, in turn; the last one from then on.
  public func setUARTStatus(_ values: [UInt64]) { uart.status = values }

  /// Loads and stores: offset, bytes.
  public func takeUARTAccesses() -> [Access] { uart.takeAccesses() }

  /// As `mrs` and `msr` name it: op0, op1, CRn, CRm, op2.
  public struct SystemRegister: Hashable, Sendable {
    var name: (UInt32, UInt32, UInt32, UInt32, UInt32)
    public init(_ op0: UInt32, _ op1: UInt32, _ crn: UInt32, _ crm: UInt32, _ op2: UInt32) {
      name = (op0, op1, crn, crm, op2)
    }
    public static func == (a: Self, b: Self) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) {
      for part in [name.0, name.1, name.2, name.3, name.4] { hasher.combine(part) }
    }
  }

  public func systemRegister(_ register: SystemRegister) throws(EmulationError) -> UInt64 {
    var value = uc_arm64_cp_reg(register, 0)
    try check(uc_reg_read(engine, UC_ARM64_REG_CP_REG.id, &value), "system register")
    return value.val
  }

  public func set(_ register: SystemRegister, to value: UInt64) throws(EmulationError) {
    var value = uc_arm64_cp_reg(register, value)
    try check(uc_reg_write(engine, UC_ARM64_REG_CP_REG.id, &value), "system register")
  }

  /// PSTATE: the masks of DAIF among its bits.
  public func pstate() throws(EmulationError) -> UInt64 {
    var value: UInt64 = 0
    try check(uc_reg_read(engine, UC_ARM64_REG_PSTATE.id, &value), "PSTATE")
    return value
  }

  public func setPSTATE(_ value: UInt64) throws(EmulationError) {
    var value = value
    try check(uc_reg_write(engine, UC_ARM64_REG_PSTATE.id, &value), "PSTATE")
  }
}

extension uc_arm64_cp_reg {
  fileprivate init(_ register: Resident.SystemRegister, _ value: UInt64) {
    let (op0, op1, crn, crm, op2) = register.name
    self.init(crn: crn, crm: crm, op0: op0, op1: op1, op2: op2, val: value)
  }
}

/// libunicorn has it as a pointer: it has to outlive the engine.
private final class EmulatedUART {
  var status: [UInt64] = [0]
  private var output: [UInt8] = []
  private var accesses: [Access] = []

  func load(_ offset: UInt64, _ size: UInt32) -> UInt64 {
    accesses.append(Access(.read, offset, Int(size)))
    return status.count > 1 ? status.removeFirst() : status[0]
  }

  func store(_ offset: UInt64, _ size: UInt32, _ value: UInt64) {
    accesses.append(Access(.write, offset, Int(size)))
    output.append(UInt8(truncatingIfNeeded: value))
  }

  func take() -> String {
    defer { output = [] }
    return String(decoding: output, as: UTF8.self)
  }

  func takeAccesses() -> [Access] {
    defer { accesses = [] }
    return accesses
  }

  static func from(_ data: UnsafeMutableRawPointer?) -> EmulatedUART {
    guard let data else { fatalError("libunicorn lost its callback's data") }
    return Unmanaged<EmulatedUART>.fromOpaque(data).takeUnretainedValue()
  }
}
