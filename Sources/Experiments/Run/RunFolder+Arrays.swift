import Compute
import Storage

extension RunFolder {
    /// Writes `arrays/<name>.npy`, whole or not at all.
    func export(_ tensor: Tensor<Double>, _ name: String, _ precision: Precision) throws(StorageError) {
        switch precision {
        case .float32:
            try NPY.write(
                Tensor(shape: tensor.shape, elements: tensor.elements.rounded()), to: array(name))
        case .float64: try NPY.write(tensor, to: array(name))
        }
    }

    /// Classes or indices, as int32.
    func export(labels: [Int], _ name: String) throws(StorageError) {
        try NPY.write(Tensor(shape: [labels.count], elements: labels.map { Int32($0) }), to: array(name))
    }

    func export(_ matrix: HostMatrix, _ name: String) throws(StorageError) {
        try NPY.write(matrix, to: array(name))
    }
}
