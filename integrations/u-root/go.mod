module purgatory

go 1.19
