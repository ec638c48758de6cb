import Compute
import Datasets
import Foundation

/// Inputs as images are: positive, far from centred.
package enum Images {
    /// [count, dimension]: a brightness of its own, a gradient and some noise each, in 0 … 1.
    package static func bright(_ count: Int, _ dimension: Int, seed: UInt64) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        var elements: [Double] = []
        for _ in 0..<count {
            let brightness = Double.random(in: 0.3...0.9, using: &generator)
            let slope = Double.random(in: -0.4...0.4, using: &generator)
            for k in 0..<dimension {
                let noise = Double.random(in: -0.15...0.15, using: &generator)
                elements.append(min(max(brightness + slope * (Double(k) / Double(dimension) - 0.5) + noise, 0), 1))
            }
        }
        return Tensor(shape: [count, dimension], elements: elements)
    }

    /// [count, dimension]: a constant background with a random block on a third of it.
    package static func onBackground(
        _ background: Double, _ count: Int, _ dimension: Int, seed: UInt64
    ) -> Tensor<Double> {
        var generator = SeededGenerator(seed: seed)
        var x = Tensor<Double>(
            shape: [count, dimension], elements: [Double](repeating: background, count: count * dimension))
        for i in 0..<count {
            let first = Int.random(in: 0...dimension - dimension / 3, using: &generator)
            for k in first..<first + dimension / 3 {
                x.elements[i * dimension + k] = Double.random(in: 0...1, using: &generator)
            }
        }
        return x
    }

    /// Constant images, some of them equal, one black, and ordinary ones, one of them twice and once negated.
    package static func constantAndOpposite(_ dimension: Int, seed: UInt64) -> Tensor<Double> {
        let one = bright(2, dimension, seed: seed)
        let levels = [0.7, 0.7, 0.1, 0, -0.7, 1.0 / 3].flatMap { [Double](repeating: $0, count: dimension) }
        let first = one.elements.prefix(dimension)
        return Tensor(shape: [10, dimension], elements: levels + one.elements + first + first.map { -$0 })
    }

    /// [count, dimension] with pixels that are zero in all of them, and which those are.
    package static func withBlankPixels(
        _ count: Int, _ dimension: Int, seed: UInt64
    ) -> (inputs: Tensor<Double>, blank: [Int]) {
        let blank = (0..<dimension).filter { $0 % 5 == 2 || $0 < 2 }
        var x = bright(count, dimension, seed: seed)
        for i in 0..<count { for k in blank { x.elements[i * dimension + k] = 0 } }
        return (x, blank)
    }

    /// The first training images of a published data set, [count, d] in 0 … 1.
    package static func published(_ name: DatasetName, _ count: Int) throws -> Tensor<Double> {
        let inputs = try Dataset.load(DatasetRequest(name: name, train: count, test: 1)).trainInputs
        return Tensor(shape: [inputs.count, inputs.stride], elements: inputs.elements)
    }

    /// Whether `NTK_DATA` names a folder that holds MNIST and CIFAR-10.
    package static var arePublished: Bool {
        guard let root = ProcessInfo.processInfo.environment["NTK_DATA"] else { return false }
        let files = ["train-images-idx3-ubyte.gz", "cifar10_10class_train2000.bin.gz"]
        return files.allSatisfy { FileManager.default.fileExists(atPath: root + "/" + $0) }
    }
}
