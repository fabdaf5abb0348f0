// Recorder.swift — what libunicorn calls back with during a run
// SPDX-License-Identifier: MIT

internal import CUnicorn

/// libunicorn has it as a pointer: it has to outlive the engine that it is attached to.
final class Recorder {
  var limit = 0
  var pc: UInt64 = 0
  var instructions = 0
  var isLimitReached = false
  var accesses: [Access] = []
  var fault: Access?

  func begin(at pc: UInt64, limit: Int) {
    self.pc = pc
    self.limit = limit
    (instructions, isLimitReached, accesses, fault) = (0, false, [], nil)
  }

  func attach(to engine: OpaquePointer) throws(EmulationError) {
    let data = Unmanaged.passUnretained(self).toOpaque()
    try check(
      cunicorn_hook_code(
        engine,
        { engine, address, _, data in
          let recorder = Recorder.from(data)
          recorder.pc = address
          if recorder.instructions == recorder.limit {
            recorder.isLimitReached = true
            uc_emu_stop(engine)
          } else {
            recorder.instructions += 1
          }
        }, data), "hook")
    try check(
      cunicorn_hook_access(
        engine, { Recorder.from($5).accesses.append(Access($1, at: $2, size: $3)) }, data), "hook")
    try check(
      cunicorn_hook_fault(
        engine,
        {
          Recorder.from($5).fault = Access($1, at: $2, size: $3)
          return false
        }, data), "hook")
  }

  private static func from(_ data: UnsafeMutableRawPointer?) -> Recorder {
    guard let data else { fatalError("libunicorn lost its callback's data") }
    return Unmanaged<Recorder>.fromOpaque(data).takeUnretainedValue()
  }
}

extension Access {
  fileprivate init(_ type: uc_mem_type, at address: UInt64, size: Int32) {
    let kind: Kind =
      switch type {
      case UC_MEM_WRITE, UC_MEM_WRITE_UNMAPPED, UC_MEM_WRITE_PROT: .write
      case UC_MEM_FETCH, UC_MEM_FETCH_UNMAPPED, UC_MEM_FETCH_PROT: .fetch
      default: .read
      }
    self.init(kind, address, Int(size))
  }
}

func check(_ status: uc_err, _ what: String) throws(EmulationError) {
  guard status != UC_ERR_OK else { return }
  throw EmulationError(description: "\(what): \(text(of: status))")
}

func text(of status: uc_err) -> String { String(cString: uc_strerror(status)) }
