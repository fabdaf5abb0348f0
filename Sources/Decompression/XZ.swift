// XZ.swift — .xz and .lzma by liblzma: the only importer of CLZMA
// SPDX-License-Identifier: MIT

internal import CLZMA
internal import CheckedArithmetic

func unxz(_ bytes: ArraySlice<UInt8>, limit: Int) throws(DecompressionError) -> [UInt8] {
  let stream = LZMAStream()
  var output = Output(limit: limit)
  try stream.decompress(bytes, to: &output)
  return output.bytes
}

/// liblzma's state.
private struct LZMAStream: ~Copyable {
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
  /// Bytes of memory for the dictionary and all else: `xz -9` asks for 65 MiB, Linux's build for as much.
  private static let memory: UInt64 = 256 << 20

  init() {
    stream.initialize(to: lzma_stream())
    // Fails only without memory, and then lzma_code() says so. The stream is either format.
    _ = lzma_auto_decoder(stream, Self.memory, 0)
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  borrowing func decompress(_ bytes: ArraySlice<UInt8>, to output: inout Output) throws(DecompressionError) {
    var left = bytes
    var result = LZMA_OK
    while result != LZMA_STREAM_END {
      let input = left
      var taken = 0
      try output.fill { buffer in
        input.withUnsafeBufferPointer { source in
          stream.pointee.next_in = source.baseAddress
          stream.pointee.avail_in = source.count
          stream.pointee.next_out = buffer.baseAddress
          stream.pointee.avail_out = buffer.count
          result = lzma_code(stream, LZMA_RUN)
          taken = source.count - stream.pointee.avail_in
          return buffer.count - stream.pointee.avail_out
        }
      }
      left = left.dropFirst(taken)
      switch result {
      case LZMA_OK, LZMA_STREAM_END: break
      case LZMA_BUF_ERROR where left.isEmpty: throw .truncated
      case LZMA_MEMLIMIT_ERROR:
        throw DecompressionError(
          found: "a dictionary of more than \(Self.memory >> 20) MiB",
          expected: "a smaller one (xz -9 has 64 MiB)")
      default:
        throw DecompressionError(
          found: "corrupt xz data (liblzma error \(result.rawValue))", expected: "what xz writes")
      }
    }
  }
}
