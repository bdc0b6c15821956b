def joinPath(folder, file):
    return folder + file if folder.endswith("/") else folder + "/" + file
