// Gzip.swift — RFC 1952 by zlib: the only importer of CZlib
// SPDX-License-Identifier: MIT

internal import CZlib
internal import CheckedArithmetic

/// One stream after the other, as gunzip takes them.
func gunzip(_ bytes: ArraySlice<UInt8>, limit: Int) throws(DecompressionError) -> [UInt8] {
  var stream = Inflation()
  var output = Output(limit: limit)
  var left = bytes
  repeat {
    try stream.inflate(&left, to: &output)
  } while left.starts(with: [0x1f, 0x8b])
  return output.bytes
}

/// zlib's state.
private struct Inflation: ~Copyable {
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

  /// One stream, which is taken off `left`.
  mutating func inflate(_ left: inout ArraySlice<UInt8>, to output: inout Output) throws(DecompressionError) {
    inflateReset(stream)
    var result = Z_OK
    while result != Z_STREAM_END {
      // zlib counts in 32 bits.
      let input = left.prefix(1 << 30)
      var taken = 0
      try output.fill { buffer in
        input.withUnsafeBufferPointer { source in
          stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
          stream.pointee.avail_in = UInt32(clamping: source.count)
          stream.pointee.next_out = buffer.baseAddress
          stream.pointee.avail_out = UInt32(clamping: buffer.count)
          result = CZlib.inflate(stream, Z_NO_FLUSH)
          taken = source.count - Int(clamping: stream.pointee.avail_in)
          return buffer.count - Int(clamping: stream.pointee.avail_out)
        }
      }
      left = left.dropFirst(taken)
      switch result {
      case Z_OK, Z_STREAM_END: break
      case Z_BUF_ERROR where left.isEmpty: throw .truncated
      default:
        throw DecompressionError(
          found:
            "corrupt gzip data (\(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(result)"))",
          expected: "what gzip writes")
      }
    }
  }
}
