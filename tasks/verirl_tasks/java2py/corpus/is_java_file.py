def isJavaFile(fileName):
    return fileName.endswith(".java")
