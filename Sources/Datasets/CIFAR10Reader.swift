import Storage

/// Reads files of CIFAR-10's binary version, plain or gzip.
///
/// Source: "Binary version" on the CIFAR-10 page: records of one label byte and 3,072 pixel bytes,
/// the red, the green and the blue plane of 32 × 32 in row order.
enum CIFAR10Reader {
    static let shape = [32, 32, 3]
    static let recordSize = 1 + 32 * 32 * 3
    private static let recordsAtOnce = 1000

    /// The images of all files, in their order.
    static func split(_ paths: [String]) throws(DatasetError) -> (images: LabelledImages, sha256: [String]) {
        var split = LabelledImages(shape: shape, layout: .planes, labels: [], pixels: [])
        var digests: [String] = []
        for path in paths {
            do throws(StorageError) { digests.append(try append(path, to: &split)) } catch { throw DatasetError(error) }
        }
        return (split, digests)
    }

    private static func append(_ path: String, to split: inout LabelledImages) throws(StorageError) -> String {
        let source = try DigestingSource(FileReader.unpacking(path))
        var number = 0
        while true {
            let block = try source.read(upTo: recordsAtOnce * recordSize)
            guard block.count % recordSize == 0 else {
                throw .damaged(
                    path,
                    "its \(number * recordSize + block.count) bytes are no whole number of \(recordSize)-byte records")
            }
            for start in stride(from: 0, to: block.count, by: recordSize) {
                guard block[start] < 10 else {
                    throw .damaged(path, "the label of record \(number) is \(block[start]), not 0 to 9")
                }
                split.labels.append(Int(block[start]))
                split.pixels.append(contentsOf: block[start + 1..<start + recordSize])
                number += 1
            }
            if block.count < recordsAtOnce * recordSize { break }
        }
        guard number > 0 else { throw .damaged(path, "it holds no images") }
        return try source.finish()
    }
}
