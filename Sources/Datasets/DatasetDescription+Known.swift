extension DatasetDescription {
    /// Source: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747.
    package static let fashionMNIST = DatasetDescription(
        name: .fashionMNIST, format: .idx,
        classNames: [
            "t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
        ],
        imageShape: [28, 28, 1],
        editions: [
            idxEdition(
                mirrors: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
                trainImages: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                trainLabels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                testImages: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                testLabels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34")
        ],
        advice: "install it with apt-get install dataset-fashion-mnist, fetch it with ntk data fetch fashion-mnist")

    /// Source: LeCun, Bottou, Bengio, Haffner 1998. The first page no longer serves the files; two mirrors do.
    package static let mnist = DatasetDescription(
        name: .mnist, format: .idx, classNames: (0...9).map(String.init), imageShape: [28, 28, 1],
        editions: [
            idxEdition(
                mirrors: [
                    "https://ossci-datasets.s3.amazonaws.com/mnist/",
                    "https://storage.googleapis.com/cvdf-datasets/mnist/",
                ],
                trainImages: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                trainLabels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                testImages: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                testLabels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")
        ],
        advice: "fetch it with ntk data fetch mnist")

    /// Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html, binary version.
    ///
    /// The extracts hold the official records in the official order, so that the first n points of a class filter are
    /// the same from any edition that holds so many.
    package static let cifar10 = DatasetDescription(
        name: .cifar10, format: .cifar10,
        classNames: [
            "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
        ],
        imageShape: [32, 32, 3],
        editions: [
            DatasetEdition(
                "official",
                train: [
                    "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
                    "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
                    "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
                    "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
                    "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
                ].enumerated().map { index, sha256 in
                    DatasetFile("data_batch_\(index + 1).bin", byteCount: 30_730_000, sha256: sha256)
                },
                test: [
                    DatasetFile(
                        "test_batch.bin", byteCount: 30_730_000,
                        sha256: "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b")
                ],
                folders: ["cifar-10-batches-bin"],
                archive: DatasetFile(
                    "cifar-10-binary.tar.gz", byteCount: 170_052_171,
                    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                    urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"])),
            DatasetEdition(
                "airplanes and automobiles", classes: [0, 1],
                train: [
                    DatasetFile(
                        "cifar10_planes_cars_train.bin", byteCount: 30_730_000,
                        sha256: "712b54b98090b4b687849195aeb8162809d7d691e956aeea1cf51089d9c6c2b2")
                ],
                test: [
                    DatasetFile(
                        "cifar10_planes_cars_test.bin", byteCount: 6_146_000,
                        sha256: "b6e88c881dd1b7d0886ab296c67c67403408f5575f66eb24e4926ac16ad3ef2f")
                ]),
            DatasetEdition(
                "first 2000 and 1000 of all classes",
                train: [
                    DatasetFile(
                        "cifar10_10class_train2000.bin", byteCount: 6_146_000,
                        sha256: "eae30ce617c27eb358b2409617ac9c388f67c480af37b07393173a79541bb8f4")
                ],
                test: [
                    DatasetFile(
                        "cifar10_10class_test1000.bin", byteCount: 3_073_000,
                        sha256: "8314c96d7cd65618193bab23acdd5d4c4af15bf6dd00a1781d55beedf3be1ef5")
                ]),
        ],
        advice: "fetch it with ntk data fetch cifar10")

    /// The four files that MNIST and its likes consist of.
    private static func idxEdition(
        mirrors: [String], trainImages: String, trainLabels: String, testImages: String, testLabels: String
    ) -> DatasetEdition {
        func file(_ name: String, _ byteCount: Int, _ sha256: String) -> DatasetFile {
            DatasetFile(name, byteCount: byteCount, sha256: sha256, urls: mirrors.map { $0 + name + ".gz" })
        }
        return DatasetEdition(
            "official",
            train: [
                file("train-images-idx3-ubyte", 47_040_016, trainImages),
                file("train-labels-idx1-ubyte", 60_008, trainLabels),
            ],
            test: [
                file("t10k-images-idx3-ubyte", 7_840_016, testImages),
                file("t10k-labels-idx1-ubyte", 10_008, testLabels),
            ])
    }
}
