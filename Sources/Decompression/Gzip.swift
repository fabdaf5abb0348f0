// Gzip.swift — RFC 1952 by zlib: the only importer of CZlib
// SPDX-License-Identifier: MIT

internal import CZlib
internal import CheckedArithmetic

struct Inflation: Decoder, ~Copyable {
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private static let gzipOnly: Int32 = 15 + 16

  init() {
    stream.initialize(to: z_stream())
    // Fails only without memory, and then inflate() says so.
    _ = inflateInit2_(stream, Self.gzipOnly, ZLIB_VERSION, Int32(clamping: MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  borrowing func decode(
    _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Step {
    // zlib counts in 32 bits.
    let (given, room) = (UInt32(clamping: source.count), UInt32(clamping: target.count))
    stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
    stream.pointee.avail_in = given
    stream.pointee.next_out = target.baseAddress
    stream.pointee.avail_out = room
    let result = inflate(stream, Z_NO_FLUSH)
    var step = Step(
      taken: Int(given &- stream.pointee.avail_in), written: Int(room &- stream.pointee.avail_out),
      isEnd: result == Z_STREAM_END)
    if ![Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) {
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)"
      step.fault = DecompressionError(found: "corrupt gzip data (\(reason))", expected: "what gzip writes")
    }
    return step
  }
}
