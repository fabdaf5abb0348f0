module fill-info-go

go 1.19
