// Emulated.swift — code at an address of an otherwise empty machine, to be run: safe Swift over libunicorn
// SPDX-License-Identifier: MIT

internal import CUnicorn

/// A processor without devices, its MMU off: memory is what was placed, in whole pages, a stack, and the page of the
/// return address. Anything else faults. What a run writes is there for the next.
public struct Emulated: ~Copyable {
  public static let pageSize: UInt64 = 0x1000
  /// It ends here unless `init` is told otherwise; the page of the return address follows.
  public static let stackEnd: UInt64 = 0xf000_0000
  private static let stackSize: UInt64 = 0x10000

  private let processor: Processor
  private let engine: Engine
  private let recorder: Recorder
  private let base: UInt64
  private let stackEnd: UInt64

  /// Places `code`, and `more` bytes of zeros behind it.
  public init(
    _ processor: Processor, code: [UInt8], at base: UInt64, more: Int = 0,
    stackEnd: UInt64 = Emulated.stackEnd
  ) throws(EmulationError) {
    let engine = try Engine(processor)
    let recorder = Recorder()
    try recorder.attach(to: engine.pointer)
    try engine.place(code + [UInt8](repeating: 0, count: more), at: base)
    try engine.map(stackEnd - Self.stackSize..<stackEnd, UC_PROT_READ.rawValue | UC_PROT_WRITE.rawValue)
    try engine.map(stackEnd..<stackEnd + Self.pageSize, UC_PROT_ALL.rawValue)
    self.processor = processor
    self.engine = engine
    self.recorder = recorder
    self.base = base
    self.stackEnd = stackEnd
  }

  /// Places more bytes, on pages that nothing is on yet.
  public func place(_ bytes: [UInt8], at address: UInt64) throws(EmulationError) {
    try engine.place(bytes, at: address)
  }

  /// What memory has.
  public func bytes(at address: UInt64, count: Int) throws(EmulationError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try check(uc_mem_read(engine.pointer, address, &bytes, .init(count)), "read at \(hex(address))")
    return bytes
  }

  /// Calls what is `entry` bytes into the code, bit 0 set for Thumb. Registers are 0, if not given, except for the stack
  /// pointer and the return address.
  public func run(
    entry: UInt64 = 0, registers: [String: UInt64] = [:], maximum: Int = 100_000
  ) throws(EmulationError) -> Run {
    try prepare(registers)
    recorder.begin(at: base + entry, limit: maximum)
    let status = uc_emu_start(engine.pointer, base + entry, stackEnd, 0, 0)
    let isBack = try read(processor.programCounter) == stackEnd && !recorder.isLimitReached
    let end: Run.End =
      if status != UC_ERR_OK {
        .fault(text(of: status), recorder.fault)
      } else if isBack {
        .returned
      } else {
        recorder.isLimitReached ? .limit : .halted
      }
    var after: [String: UInt64] = [:]
    for (name, id) in processor.registers { after[name] = try read(id) }
    return Run(
      end: end, registers: after, pc: end == .returned ? stackEnd : recorder.pc,
      instructions: recorder.instructions, accesses: recorder.accesses)
  }

  private func prepare(_ given: [String: UInt64]) throws(EmulationError) {
    let word = UInt64(processor.wordSize)
    var values = processor.registers.mapValues { _ in UInt64(0) }
    values[processor.stackPointer] = processor.link == nil ? stackEnd - 0x10 - word : stackEnd - 0x10
    if let link = processor.link {
      values[link] = stackEnd
    } else {
      let address = (0..<word).map { UInt8(truncatingIfNeeded: stackEnd >> (8 * $0)) }
      try check(uc_mem_write(engine.pointer, stackEnd - 0x10 - word, address, .init(word)), "return address")
    }
    for (name, value) in values.merging(given, uniquingKeysWith: { $1 }) {
      guard let id = processor.registers[name] else {
        throw EmulationError(description: "\(name): no register of \(processor.rawValue)")
      }
      try check(withUnsafePointer(to: value) { uc_reg_write(engine.pointer, id, $0) }, name)
    }
  }

  private func read(_ register: Int32) throws(EmulationError) -> UInt64 {
    var value: UInt64 = 0
    try check(uc_reg_read(engine.pointer, register, &value), "register")
    return value
  }
}

/// libunicorn's handle.
private struct Engine: ~Copyable {
  let pointer: OpaquePointer

  init(_ processor: Processor) throws(EmulationError) {
    var pointer: OpaquePointer?
    let (architecture, mode) = processor.kind
    try check(uc_open(architecture, mode, &pointer), processor.rawValue)
    guard let pointer else { throw EmulationError(description: "\(processor.rawValue): no engine") }
    self.pointer = pointer
  }

  deinit { uc_close(pointer) }

  func place(_ bytes: [UInt8], at address: UInt64) throws(EmulationError) {
    let page = Emulated.pageSize
    try map(
      address / page * page..<(address + UInt64(bytes.count) + page - 1) / page * page, UC_PROT_ALL.rawValue)
    try check(uc_mem_write(pointer, address, bytes, .init(bytes.count)), "write at \(hex(address))")
  }

  func map(_ range: Range<UInt64>, _ permissions: UInt32) throws(EmulationError) {
    guard !range.isEmpty else { return }
    try check(
      uc_mem_map(pointer, range.lowerBound, .init(range.upperBound - range.lowerBound), permissions),
      "memory at \(hex(range.lowerBound))")
  }
}

private func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
