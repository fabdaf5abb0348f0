// XZ.swift — .xz and .lzma by liblzma: the only importer of CLZMA
// SPDX-License-Identifier: MIT

internal import CLZMA
internal import CheckedArithmetic

struct LZMAStream: Decoder, ~Copyable {
  private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
  /// Bytes of memory for the dictionary and all else: `xz -9` asks for 65 MiB, Linux's build for as much.
  private static let memory: UInt64 = 160 << 20

  init() {
    stream.initialize(to: lzma_stream())
    // Fails only without memory, and then lzma_code() says so. The stream is either format.
    _ = lzma_auto_decoder(stream, Self.memory, 0)
  }

  deinit {
    lzma_end(stream)
    stream.deallocate()
  }

  borrowing func decode(
    _ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableBufferPointer<UInt8>
  ) -> Step {
    stream.pointee.next_in = source.baseAddress
    stream.pointee.avail_in = source.count
    stream.pointee.next_out = target.baseAddress
    stream.pointee.avail_out = target.count
    let result = lzma_code(stream, LZMA_RUN)
    var step = Step(
      taken: source.count - stream.pointee.avail_in, written: target.count - stream.pointee.avail_out,
      isEnd: result == LZMA_STREAM_END)
    switch result {
    case LZMA_OK, LZMA_STREAM_END, LZMA_BUF_ERROR: break
    case LZMA_MEMLIMIT_ERROR:
      step.fault = DecompressionError(
        found: "a dictionary of more than \(Self.memory >> 20) MiB",
        expected: "a smaller one (xz -9 has 64 MiB)")
    case LZMA_MEM_ERROR:
      step.fault = DecompressionError(found: "no memory for its dictionary", expected: "some")
    default:
      step.fault = DecompressionError(
        found: "corrupt xz data (liblzma error \(result.rawValue))", expected: "what xz writes")
    }
    return step
  }
}
